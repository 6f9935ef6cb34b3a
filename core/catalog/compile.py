"""Compiles a tariff document into the values that rating reads, refusing every combination that has no one meaning."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.catalog import compile_charges as charges
from core.catalog.charge_document import (
    CommitmentDoc,
    DiscountDoc,
    EventDoc,
    FixedDoc,
    LimitDoc,
    PercentDoc,
    TaxDoc,
    UsageDoc,
)
from core.catalog.compile_extras import allowances_of, buy_of, fair_use_of
from core.catalog.compile_times import destinations_of, times_of
from core.catalog.compile_usage import usage_of
from core.catalog.document import TariffDoc
from core.catalog.numbers import exact
from core.catalog.read import documents
from core.catalog.scope import TariffScope
from core.catalog.wrong import refuse
from core.rating.rounding import Mode, Rounding
from core.rating.shares import plan
from core.rating.tariff import Charge, Tariff

MOST_CHARGES = 200
FIRST_YEAR, LAST_YEAR = 1970, 2199


def load_tariff(path_or_text: str | Path) -> Tariff:
    """The tariff of a YAML file or text that holds one. Raises `core.errors.BadInput` naming file, charge and remedy."""
    found = documents(path_or_text)
    if len(found) > 1:
        refuse(
            found[0][0],
            f"it holds {len(found)} documents",
            "use `versions.load_versions`, or one file for each version",
        )
    return compile_document(found[0][1], found[0][0])


def compile_document(doc: TariffDoc, where: str = "tariff") -> Tariff:
    """One checked document as a tariff."""
    context = TariffScope(doc, where)
    _whole(context)
    compiled = _charges(context)
    return Tariff(
        code=doc.tariff,
        currency=doc.currency,
        exponent=context.exponent,
        valid_from=doc.valid_from,
        valid_to=doc.valid_to,
        names=doc.name,
        zone=doc.zone,
        rounding=_rounding(context),
        meters=_meters(context),
        history=context.history,
        registers=frozenset(context.registers),
        allowances=allowances_of(context),
        times=times_of(context),
        destinations=destinations_of(context),
        fair_use=fair_use_of(context),
        sums=_sums(context),
        buy=buy_of(context, compiled),
        labels=context.labels,
        charge_names={entry.code: entry.name for entry in (*doc.charges, *doc.allowances) if entry.name},
        shared=plan(compiled),
        charges=compiled,
    )


def _whole(context: TariffScope) -> None:
    """What concerns the document as a whole."""
    doc = context.doc
    if not FIRST_YEAR <= doc.valid_from.year <= LAST_YEAR:
        refuse(context.where, f"it begins in {doc.valid_from.year}", f"write a year from {FIRST_YEAR} to {LAST_YEAR}")
    if doc.valid_to is not None and doc.valid_to <= doc.valid_from:
        refuse(context.where, "it ends before it begins", "let `valid_to` be after `valid_from`")
    try:
        ZoneInfo(doc.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse(context.where, f"{doc.zone!r} is no time zone", "write one such as Africa/Nairobi")
    if not doc.charges:
        refuse(context.where, "it has no charges", "write at least one under `charges`")
    if len(doc.charges) > MOST_CHARGES:
        refuse(context.where, f"it has {len(doc.charges)} charges", f"use at most {MOST_CHARGES}")
    seen = {doc.rounding.code}
    for entry in (*doc.charges, *doc.allowances):
        if entry.code in seen:
            refuse(
                context.at(entry.code), "its code is used twice", "give every charge and allowance a code of its own"
            )
        seen.add(entry.code)


def _rounding(context: TariffScope) -> Rounding:
    doc = context.doc.rounding
    line = context.minor("1") / 10**context.exponent if doc.line is None else None
    if doc.line is not None and doc.line != "none":
        line = context.minor(doc.line)
    total = None if doc.total == "none" else context.minor(doc.total)
    if 0 in (line, total):
        refuse(f"{context.where}, rounding", "a step is zero", "write `none` to keep lines exact")
    if line is None and total is None:
        total = exact("1")
    return Rounding(line, total, Mode(doc.mode), Mode(doc.total_mode or doc.mode), doc.code)


def _charges(context: TariffScope) -> tuple[Charge, ...]:
    compiled: list[Charge] = []
    held: dict[str, str] = {}
    for doc in context.doc.charges:
        earlier = [charge.code for charge in compiled]
        match doc:
            case UsageDoc():
                compiled.append(usage_of(context, doc))
            case EventDoc():
                compiled.append(charges.event_of(context, doc))
            case FixedDoc():
                compiled.append(charges.fixed_of(context, doc))
            case PercentDoc():
                compiled.append(charges.percent_of(context, doc, earlier))
            case TaxDoc():
                compiled.append(charges.tax_of(context, doc, compiled, held))
            case DiscountDoc():
                compiled.append(charges.discount_of(context, doc, compiled))
            case LimitDoc():
                compiled.append(charges.limit_of(context, doc, earlier))
            case CommitmentDoc():
                compiled.append(charges.commitment_of(context, doc, earlier))
    return tuple(compiled)


def _sums(context: TariffScope) -> dict[str, tuple[str, ...]]:
    """Which registers are one quantity: each in one sum, and none priced beside it."""
    seen: set[str] = set()
    for code, parts in context.doc.sums.items():
        where = f"{context.where}, sums {code}"
        if code not in context.meters:
            refuse(where, "no charge prices it", "name a meter of a usage charge")
        for part in parts:
            if part in context.meters or part in seen:
                refuse(where, f"{part} is priced or summed elsewhere too", "let each register count once")
            seen.add(part)
        if len(parts) < 2:
            refuse(where, "it sums fewer than two registers", "name those that are one quantity")
    return {code: tuple(parts) for code, parts in context.doc.sums.items()}


def _meters(context: TariffScope) -> dict[str, str]:
    """Every meter of the tariff and its unit."""
    for allowance in context.doc.allowances:
        context.measured(allowance.meter, allowance.unit, allowance.code)
    for use in context.doc.fair_use:
        context.measured(use.meter, use.unit, use.code)
    return context.meters
