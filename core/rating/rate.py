"""Rates a batch: every service of one tariff in one period, arrays in, arrays out, the same code for one and for a million.

Services are taken in runs small enough to stay near the processor; a service that cannot be rated is refused with its
reason and the others go on.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from core.rating import fast
from core.rating.allowances import coverage
from core.rating.charges.inclusive import InclusiveTax, taken_out
from core.rating.charges.sharing import share_out, with_parts
from core.rating.exact import MICRO, Column, Exact, Mask, total_of
from core.rating.guard import refusals, too_large
from core.rating.join import Binder
from core.rating.model import Batch, Line, Part, Rated
from core.rating.rounding import Rounding, hand_out, to_step, to_whole
from core.rating.sheet import Worksheet
from core.rating.tariff import Charge, Tariff
from core.rating.terms import Allowance
from core.rating.versions import agreed, in_force, over_versions, refused_pieces

RUN_SERVICES = 262_144
"""At most so many services at a time: what is worked out on the way stays small beside what goes in and comes out."""
FEW_SERVICES = 1_000
"""Fewer than these are not worth a thread."""


def rate(tariff: Tariff | Sequence[Tariff], batch: Batch, threads: int = 1) -> Rated:
    """Price the batch. Several versions of a tariff share the period by their first days (`versions.py`).

    Raises `CannotRate` where the batch as a whole lacks what the tariff needs.
    """
    versions = (tariff,) if isinstance(tariff, Tariff) else tuple(tariff)
    if len(versions) > 1:
        versions = tuple(version for version, _, _ in in_force(versions, batch.period_from, batch.period_to))
        agreed(versions)
    threads = threads if batch.size >= threads * FEW_SERVICES else 1
    if (batch.size <= RUN_SERVICES and threads == 1) or batch.pool is not None:
        return _rate_some(versions, batch)
    fast.prepare(max((len(events) for events in batch.events.values()), default=0))
    edges = [*range(0, batch.size, min(RUN_SERVICES, -(-batch.size // threads))), batch.size]
    binder = Binder(batch.size)

    def run(low: int, high: int) -> None:
        binder.put(low, _rate_some(versions, batch.part(low, high)))

    if threads == 1:
        for low, high in pairwise(edges):
            run(low, high)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(run, edges[:-1], edges[1:]):
                pass
    return binder.bound()


def _rate_some(versions: Sequence[Tariff], batch: Batch) -> Rated:
    final = versions[-1]
    sheet = Worksheet(final, batch)
    refused = refusals(final, sheet) if len(versions) == 1 else refused_pieces(versions, batch)
    if refused:
        batch = _without(batch, refused)
        sheet = Worksheet(final, batch)
    if len(versions) == 1:
        lines = priced_lines(final, sheet)
        left = {a.code: coverage(sheet, a.meter).left[a.code] for a in final.allowances}
    else:
        lines, left = over_versions(versions, batch, priced_lines)
    rated = replace(_totalled(final, sheet, lines), left=left)
    late = too_large(rated.total, rated.exact_total)
    if late or refused:
        rated = _cleared(rated, {**refused, **late})
    return rated


def priced_lines(tariff: Tariff, sheet: Worksheet) -> list[Line]:
    """The lines of one tariff for the sheet's batch, before the total is rounded."""
    lines: list[Line] = []
    for charge in tariff.charges:
        new = _lines_of(charge, sheet, tariff.rounding)
        if isinstance(charge, InclusiveTax):
            lines = taken_out(sheet, lines, charge, tariff.rounding, sheet.applies(charge.when, charge.code))
            changed = {line.code for line in lines}
            sheet.lines.update({code: [line.exact for line in lines if line.code == code] for code in changed})
        lines += new
    lines = [with_parts(sheet, line) for line in lines]
    return [*(_included(sheet, allowance) for allowance in tariff.allowances), *lines]


def _included(sheet: Worksheet, allowance: Allowance) -> Line:
    """What was used of an allowance, at no price, so that a customer sees it on the bill."""
    used = coverage(sheet, allowance.meter).used[allowance.code]
    free = sheet.nothing()
    return Line(allowance.code, "allowance", free.values, used > 0, free, "", used, allowance.unit)


def _lines_of(charge: Charge, sheet: Worksheet, rule: Rounding) -> list[Line]:
    """The charge's lines, rounded and masked, and put on the sheet."""
    applies = sheet.applies(charge.when, charge.code)
    lines = []
    for part in charge.parts(sheet):
        amount = part.amount if charge.when is None else part.amount.where(applies)
        if rule.line is not None:
            amount = to_step(amount, rule.line, rule.mode)
        amount = amount.spread(sheet.size)
        share_out(sheet, charge, part, amount, rule)
        present = applies if part.present is None else part.present
        if part.present is not None and applies is not sheet.everyone:
            present = applies & present
        lines.append(_line(charge, part, amount, present, sheet.size))
        sheet.counted.update({(charge.code, what): count.where(applies) for what, count in part.counted.items()})
    sheet.lines[charge.code] = [line.exact for line in lines]
    return lines


def _line(charge: Charge, part: Part, amount: Exact, present: Column, size: int) -> Line:
    quantity = None
    if part.quantity is not None:
        quantity = to_whole(part.quantity.times(MICRO).spread(size))
    return Line(
        charge.code,
        charge.kind,
        amount.values,
        present,
        amount,
        part.price,
        quantity,
        part.unit,
        part.block,
        part.time,
        part.destination,
        part.base,
    )


def _totalled(tariff: Tariff, sheet: Worksheet, lines: list[Line]) -> Rated:
    """Add the rounding line, and give every line its whole minor units so that they sum to the total."""
    rule = tariff.rounding
    exact = total_of(line.exact for line in lines).spread(sheet.size)
    final = exact
    if rule.total is not None:
        final = to_step(exact, rule.total, rule.total_mode).spread(sheet.size)
        rest = final.minus(exact).spread(sheet.size)
        lines = [*lines, Line(rule.code, "rounding", rest.values, rest.nonzero(), rest)]
    total = to_whole(final, rule.total_mode)
    if any(line.exact.den != 1 for line in lines):
        shares = hand_out([line.exact for line in lines], rule.total_mode)
        lines = [replace(line, amount=share) for line, share in zip(lines, shares, strict=True)]
    service = {use.code: _step(sheet, use.meter, use.bounds) for use in tariff.fair_use}
    return Rated(sheet.size, tariff.currency, tuple(lines), total, final, service=service)


def _step(sheet: Worksheet, meter: str, bounds: Sequence[Fraction]) -> Column:
    """Above how many of the bounds each service's use is."""
    used, step = sheet.total(meter), np.zeros(sheet.size, dtype=np.int64)
    for bound in bounds:
        step = step + used.above(Exact.constant(bound))
    return step


def _without(batch: Batch, refused: dict[int, str]) -> Batch:
    """The batch with nothing used by the refused services, so that they disturb nobody."""
    out = np.array(sorted(refused))

    def cleared(column: Column) -> Column:
        column = column.copy()
        column[out] = 0
        return column

    return replace(
        batch,
        quantity={meter: cleared(column) for meter, column in batch.quantity.items()},
        history={meter: (cleared(total), count) for meter, (total, count) in batch.history.items()},
        attributes={name: _ones(column, out) for name, column in batch.attributes.items()},
        events={meter: events.picked(~np.isin(events.account, out)) for meter, events in batch.events.items()},
    )


def _ones(column: Column, out: Column) -> Column:
    column = column.copy()
    column[out] = 1
    return column


def _cleared(rated: Rated, refused: dict[int, str]) -> Rated:
    """The same with nothing on the bills of the refused services."""
    out = np.array(sorted(refused))
    keep = np.ones(rated.size, dtype=np.bool_)
    keep[out] = False
    zeroed: Callable[[Column], Column] = lambda column: np.where(keep, column, 0)  # noqa: E731
    lines = tuple(_only(line, keep) for line in rated.lines)
    return replace(
        rated, lines=lines, total=zeroed(rated.total), exact_total=rated.exact_total.where(keep), refused=refused
    )


def _only(line: Line, keep: Mask) -> Line:
    """A line on the bills of some."""
    parts = tuple((codes, part.where(keep)) for codes, part in line.parts)
    amount, exact = np.where(keep, line.amount, 0), line.exact.where(keep)
    return replace(line, amount=amount, present=line.present & keep, exact=exact, parts=parts)
