"""Compiles the charges that are not measured use: fixed, percent, taxes, discounts, limits, commitments, and events."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from core.catalog.charge_document import (
    CommitmentDoc,
    DiscountDoc,
    EventDoc,
    FixedDoc,
    LimitDoc,
    PercentDoc,
    RateDoc,
    StepDoc,
    TaxDoc,
)
from core.catalog.numbers import exact
from core.catalog.scope import ANY_TIME, TariffScope
from core.catalog.wrong import refuse
from core.rating.charges.discount import Discount
from core.rating.charges.event import Event, EventRate, PriceStep
from core.rating.charges.fixed import Fixed
from core.rating.charges.inclusive import InclusiveTax
from core.rating.charges.limits import Commitment, Limit
from core.rating.charges.percent import Percent
from core.rating.measure import Measure
from core.rating.rounding import Mode
from core.rating.shares import plan
from core.rating.tariff import Charge
from core.rating.terms import Condition


def fixed_of(context: TariffScope, doc: FixedDoc) -> Fixed:
    """One fixed charge."""
    where = context.at(doc.code)
    if doc.year_days is not None and (doc.per != "month" or exact(doc.year_days) == 0):
        refuse(where, "`year_days` says how long a month is", 'use it with `per: month`, such as year_days: "365.25"')
    when = context.condition(doc.when, doc.code)
    if doc.first_purchase:
        if doc.pay == "advance":
            refuse(where, "a charge of the first purchase is not paid in advance", "remove `pay`")
        base = when or Condition()
        when = Condition(base.attribute, base.values, True, base.months)
    days = exact(doc.year_days) if doc.year_days else None
    return Fixed(
        doc.code, context.price(doc.price), doc.per, doc.prorate, doc.pay == "advance", doc.count_by, days, when
    )


def percent_of(context: TariffScope, doc: PercentDoc, earlier: Sequence[str]) -> Percent:
    """One percent charge."""
    of, bounds = named(context, doc.code, doc.of, earlier), context.bounds(doc.minimum, doc.maximum, doc.code)
    when = context.condition(doc.when, doc.code)
    return Percent(doc.code, doc.type, doc.percent, exact(doc.percent), of, *bounds, when)


def tax_of(context: TariffScope, doc: TaxDoc, before: Sequence[Charge], held: dict[str, str]) -> Percent | InclusiveTax:
    """One tax; `held` is which lines already hold an inclusive tax, and which. Of a discount it is in the parts of its lines."""
    of, when = named(context, doc.code, doc.of, [c.code for c in before]), context.condition(doc.when, doc.code)
    if not doc.inclusive:
        return Percent(doc.code, doc.type, doc.percent, exact(doc.percent), of, when=when)
    shared = plan(before)
    for code in of:
        if code in shared and set(shared[code].lines) & set(of):
            continue
        if code in held:
            remedy = "give one inclusive tax with the sum of the percentages, or make one of them exclusive"
            refuse(context.at(doc.code), f"line {code!r} already holds the inclusive tax {held[code]!r}", remedy)
        held[code] = doc.code
    return InclusiveTax(doc.code, doc.percent, exact(doc.percent), of, when)


def discount_of(context: TariffScope, doc: DiscountDoc, before: Sequence[Charge]) -> Discount:
    """One discount."""
    where = context.at(doc.code)
    if (doc.percent is None) == (doc.amount is None):
        refuse(where, "a discount is either a percentage or an amount", "give `percent` or `amount`")
    if doc.percent is not None and exact(doc.percent) > 100:
        refuse(where, f"{doc.percent} % is more than there is", "give at most 100")
    if doc.valid_from and doc.valid_to and doc.valid_to <= doc.valid_from:
        refuse(where, "it ends before it begins", "let `valid_to` be after `valid_from`")
    of = named(context, doc.code, doc.of, [charge.code for charge in before])
    rivals = [c.code for c in before if isinstance(c, Discount) and c.code not in of and set(c.of) & set(of)]
    return Discount(
        doc.code,
        of,
        f"{doc.percent} %" if doc.percent is not None else str(doc.amount),
        None if doc.percent is None else exact(doc.percent),
        context.maybe(doc.amount),
        context.maybe(doc.cap),
        doc.valid_from,
        doc.valid_to,
        context.condition(doc.when, doc.code),
        tuple(rivals),
    )


def limit_of(context: TariffScope, doc: LimitDoc, earlier: Sequence[str]) -> Limit:
    """A minimum or a maximum."""
    of, when = named(context, doc.code, doc.of, earlier), context.condition(doc.when, doc.code)
    return Limit(doc.code, doc.type, context.price(doc.amount), of, doc.per, doc.prorate, when)


def commitment_of(context: TariffScope, doc: CommitmentDoc, earlier: Sequence[str]) -> Commitment:
    """A commitment, due when the attribute `ends` is 1."""
    if doc.when is not None:
        refuse(
            context.at(doc.code), "a commitment is due when its term ends", "remove `when`; `ends` names the attribute"
        )
    of = named(context, doc.code, doc.of, earlier)
    return Commitment(doc.code, context.price(doc.amount), of, doc.spent, Condition(doc.ends, frozenset({1})))


def named(context: TariffScope, code: str, of: Sequence[str] | str, earlier: Sequence[str]) -> tuple[str, ...]:
    """The lines a charge is taken of: earlier ones, each once."""
    where = context.at(code)
    if of == "*":
        if not earlier:
            refuse(
                where, "it is taken of all earlier lines and there are none", "put it after the charges it is taken of"
            )
        return tuple(dict.fromkeys(earlier))
    if not of:
        refuse(where, "it is taken of nothing", "name the lines it is taken of in `of`")
    for name in of:
        if name not in earlier:
            later = any(charge.code == name for charge in context.doc.charges)
            wrong = f"line {name!r} comes later in the bill" if later else f"there is no line {name!r}"
            remedy = "put this charge after it" if later else f"name one of: {', '.join(earlier) or 'none yet'}"
            refuse(where, wrong, remedy)
    return tuple(dict.fromkeys(of))


def event_of(context: TariffScope, doc: EventDoc) -> Event:
    """One charge for events."""
    context.measured(doc.meter, doc.unit, doc.code)
    if not doc.rates:
        refuse(context.at(doc.code), "it has no rates", "write `rates: [{steps: [{increment: ..., price: ...}]}]`")
    each = None if doc.round_each is None else context.minor(doc.round_each)
    if each == 0:
        refuse(context.at(doc.code), "`round_each` is zero", "leave it out to keep events exact")
    rates = tuple(_rate(context, doc, rate) for rate in doc.rates)
    mode = Mode(context.doc.rounding.mode)
    return Event(
        doc.code, Measure(doc.code, doc.meter, doc.unit), rates, each, mode, context.condition(doc.when, doc.code)
    )


def _rate(context: TariffScope, doc: EventDoc, rate: RateDoc) -> EventRate:
    where = context.at(doc.code)
    if not rate.steps or exact(rate.steps[0].since) != 0:
        refuse(where, "its first step does not start at 0", "begin with a step without `from`")
    for step, after in pairwise(rate.steps):
        if exact(after.since) <= exact(step.since):
            refuse(where, f"a step starts at {after.since}, not after the one before", "let `from` rise")
    for step in rate.steps:
        if exact(step.increment) == 0 or exact(step.per or "1") == 0:
            refuse(where, "an increment or a `per` is zero", "give it above zero")
    for step, after in pairwise(rate.steps):
        if (exact(after.since) - exact(step.since)) % exact(step.increment):
            remedy = f"start it at a multiple of {step.increment} after {step.since}"
            refuse(where, f"the step from {after.since} starts within an increment of {step.increment}", remedy)
    name = ", ".join(rate.to) if rate.to else None
    connect = {ANY_TIME: context.price("0")} if rate.connect is None else context.by_time(rate.connect, doc.code)
    return EventRate(
        name,
        context.reach(rate.to, doc.code),
        connect,
        tuple(_step(context, doc, step) for step in rate.steps),
        *context.bounds(rate.minimum, rate.maximum, doc.code),
    )


def _step(context: TariffScope, doc: EventDoc, step: StepDoc) -> PriceStep:
    per = exact(step.per) if step.per else Fraction(1)
    return PriceStep(exact(step.since), exact(step.increment), per, context.by_time(step.price, doc.code))
