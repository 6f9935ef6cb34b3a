"""Compiles what stands beside the charges: allowances, fair use, and how an amount becomes units."""

from collections.abc import Sequence

from core.catalog.charge_document import EventDoc, UsageDoc
from core.catalog.compile_usage import MODELS, may_fall
from core.catalog.document import AllowanceDoc
from core.catalog.numbers import exact
from core.catalog.scope import TariffScope
from core.catalog.wrong import refuse
from core.rating.charges.usage import Usage
from core.rating.exact import MICRO
from core.rating.rounding import Mode
from core.rating.tariff import Charge
from core.rating.terms import Allowance, Buy, FairUse


def allowances_of(context: TariffScope) -> tuple[Allowance, ...]:
    """The included units, in the order they are used."""
    return tuple(_allowance(context, doc) for doc in context.doc.allowances)


def _allowance(context: TariffScope, doc: AllowanceDoc) -> Allowance:
    where = f"{context.where}, allowance {doc.code}"
    known = {charge.code: charge for charge in context.doc.charges}
    if not doc.charges:
        refuse(where, "it covers no charge", "name the charges whose units it includes in `charges`")
    for code in doc.charges:
        charge = known.get(code)
        if not isinstance(charge, UsageDoc | EventDoc) or charge.meter != doc.meter:
            refuse(
                where, f"{code!r} is no charge for the meter {doc.meter!r}", "name usage or event charges of that meter"
            )
        if isinstance(charge, UsageDoc) and not MODELS[charge.model].allowances:
            refuse(where, f"{code!r} is of model {charge.model}, which has no units to include", "leave it out")
    if doc.shared and doc.scale_by is not None:
        wrong = "it is granted once to all who share it, and depends on each one's attribute"
        refuse(where, wrong, "leave out `scale_by` or `shared`")
    roll = doc.rollover
    return Allowance(
        doc.code,
        doc.meter,
        doc.unit,
        exact(doc.units),
        frozenset(doc.charges),
        context.bands(doc.during, doc.code),
        context.reach(doc.to, doc.code),
        doc.shared,
        doc.scale_by,
        doc.prorate,
        exact(doc.increment) if doc.increment and exact(doc.increment) else None,
        roll.periods if roll else 0,
        exact(roll.cap) if roll and roll.cap else None,
    )


def fair_use_of(context: TariffScope) -> tuple[FairUse, ...]:
    """Services that change with use."""
    rows = []
    for doc in context.doc.fair_use:
        bounds = tuple(exact(step.above) for step in doc.steps)
        if not bounds or list(bounds) != sorted(set(bounds)):
            refuse(f"{context.where}, fair use {doc.code}", "its steps do not rise", "order them by `above`")
        rows.append(FairUse(doc.code, doc.meter, bounds, (doc.normal, *(step.gives for step in doc.steps))))
    return tuple(rows)


def buy_of(context: TariffScope, charges: Sequence[Charge]) -> Buy | None:
    """How an amount becomes units; refused where an amount would buy no one number of them."""
    doc = context.doc.buy
    if doc is None:
        return None
    where = f"{context.where}, buy"
    if doc.meter not in context.meters:
        refuse(where, f"no charge is for the meter {doc.meter!r}", f"name one of: {', '.join(context.meters)}")
    for charge in charges:
        if (
            isinstance(charge, Usage)
            and charge.measure.meter == doc.meter
            and (charge.credit or may_fall(charge.model))
        ):
            wrong = (
                f"more {charge.measure.unit} can cost less by charge {charge.code!r}, so an amount buys no one number"
            )
            refuse(where, wrong, "sell units at flat or graduated prices")
        if doc.taxes == "gross" and charge.kind == "tax" and charge.when is not None:
            refuse(where, f"tax {charge.code!r} has a condition and is taken of the gross", "use `taxes: net`")
    step = exact(doc.step)
    if step == 0 or (step * MICRO / 2).denominator != 1:
        refuse(where, f"units are bought in steps of {doc.step}", 'write a step such as "0.1", at least "0.000002"')
    return Buy(doc.meter, step, Mode(doc.mode), doc.taxes == "gross")
