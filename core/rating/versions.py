"""A new version of a tariff in mid-period: the period is cut where the version begins.

Totals are shared out by the days each service was there under each version; events, and calls as a whole, belong to the
version in which they start. What is for the whole period (blocks, fixed charges, fees, allowances, caps) is shared by the same
days, so that nobody pays twice. What is counted (packs, free events, free value, money towards a minimum, a maximum or a
commitment) goes on counting over the cut. What is paid in advance is charged once, by the last version, and a first purchase
by the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np

from core.rating.allowances import coverage
from core.rating.errors import CannotRate
from core.rating.exact import Column, Exact
from core.rating.guard import refusals
from core.rating.model import Batch, Carried, Cut, Events, Line, Pair
from core.rating.rounding import hand_out
from core.rating.sheet import Worksheet, ratio
from core.rating.tariff import Tariff
from core.rating.times import DAY_SECONDS, EPOCH

Pricer = Callable[[Tariff, Worksheet], list[Line]]
Left = dict[str, tuple[Carried, ...]]
Piece = tuple[Tariff, date, date, Batch]


def in_force(versions: Sequence[Tariff], since: date, until: date) -> list[tuple[Tariff, date, date]]:
    """The versions that hold in [since, until), each with its own days there."""
    ordered = sorted(versions, key=lambda tariff: tariff.valid_from)
    starts = [*(max(tariff.valid_from, since) for tariff in ordered[1:]), until]
    found: list[tuple[Tariff, date, date]] = []
    reached = since
    for tariff, after in zip(ordered, starts, strict=True):
        low, high = max(tariff.valid_from, since), min(after, until, tariff.valid_to or until)
        if low < high:
            _without_gap(tariff, reached, low)
            found.append((tariff, low, high))
            reached = high
    _without_gap(ordered[0], reached, until)
    return found


def _without_gap(tariff: Tariff, reached: date, low: date) -> None:
    if low > reached:
        raise CannotRate(f"tariff {tariff.code}", f"no version is in force on {reached}", "add the version of that day")


def agreed(versions: Sequence[Tariff]) -> None:
    """Versions of one period must read the same clock, measure in the same units and average the same earlier periods."""
    for one, other in pairwise(versions):
        where = f"tariff {other.code} from {other.valid_from}"
        remedy = "let this version start with a billing period"
        if one.zone != other.zone or one.currency != other.currency:
            raise CannotRate(where, "it has another zone or currency than the version before", remedy)
        for meter in one.meters.keys() & other.meters.keys():
            if one.meters[meter] != other.meters[meter]:
                raise CannotRate(
                    where, f"it measures {meter!r} in {other.meters[meter]}, not {one.meters[meter]}", remedy
                )
        for meter in one.history.keys() & other.history.keys():
            if one.history[meter] != other.history[meter]:
                wrong = f"it averages {other.history[meter]} periods of {meter!r}, not {one.history[meter]}"
                raise CannotRate(where, wrong, remedy)


def refused_pieces(versions: Sequence[Tariff], batch: Batch) -> dict[int, str]:
    """Which services cannot be rated, and why, under each version's own rules for its own events."""
    found = refusals(versions[-1], Worksheet(versions[-1], replace(batch, events={})))
    for tariff, _, _, piece in pieces(versions, batch):
        found = {**refusals(tariff, Worksheet(tariff, piece)), **found}
    return found


def over_versions(versions: Sequence[Tariff], batch: Batch, price: Pricer) -> tuple[list[Line], Left]:
    """The lines of every version in turn, and what is left of the allowances."""
    lines: list[Line] = []
    left: Left = {}
    sheets: list[Worksheet] = []
    for tariff, low, high, piece in pieces(versions, batch):
        sheet = Worksheet(tariff, _continued(piece, sheets, {**batch.carried, **left}))
        lines += [replace(line, since=low, until=high) for line in price(tariff, sheet)]
        left = {**left, **{a.code: coverage(sheet, a.meter).left[a.code] for a in tariff.allowances}}
        sheets.append(sheet)
    return lines, {code: _one_own(buckets, code, versions) for code, buckets in left.items()}


def pieces(versions: Sequence[Tariff], batch: Batch) -> list[Piece]:
    """Each version with its days and what of the batch falls to it."""
    parts = in_force(versions, batch.period_from, batch.period_to)
    days = _days(batch, [(low, high) for _, low, high in parts])
    registers = frozenset[str]().union(*(tariff.registers for tariff in versions))
    shares = {
        meter: [column] * len(days)
        if meter in registers
        else hand_out([_part(column, n, days) for n in range(len(days))])
        for meter, column in batch.quantity.items()
    }
    found: list[Piece] = []
    for number, (tariff, low, high) in enumerate(parts):
        later = frozenset(charge.code for version, _, _ in parts[number + 1 :] for charge in version.charges)
        share = (days[number], np.maximum(np.sum(days, axis=0), 1))
        piece = replace(
            batch,
            quantity={meter: given[number] for meter, given in shares.items() if meter not in batch.events},
            events={meter: _between(events, low, high) for meter, events in batch.events.items()},
            history=_remembered(tariff, batch),
            cut=Cut(share, number == 0, number == len(parts) - 1, later),
        )
        found.append((tariff, low, high, piece))
    return found


def _continued(piece: Batch, sheets: Sequence[Worksheet], carried: Left) -> Batch:
    """The piece with what earlier versions counted and left."""
    assert piece.cut is not None
    counted = {key: count for sheet in sheets for key, count in sheet.counted.items()}
    return replace(piece, carried=carried, cut=replace(piece.cut, counted=counted))


def _one_own(buckets: tuple[Carried, ...], code: str, versions: Sequence[Tariff]) -> tuple[Carried, ...]:
    """What is left with the shares that the versions granted as one bucket, this period's own, the last."""
    own = sum(allowance.code == code for version in versions for allowance in version.allowances)
    together: Column = np.sum([bucket.units for bucket in buckets[-own:]], axis=0)
    return (*buckets[:-own], Carried(together))


def _part(column: Column, number: int, days: Sequence[Column]) -> Exact:
    """The exact part of a total that falls to one version; all of it to the first where a service has no days."""
    whole: Column = np.sum(days, axis=0)
    here = np.where(whole > 0, days[number], int(number == 0))
    return Exact.of(column).by(ratio((here, np.maximum(whole, 1))))


def _remembered(tariff: Tariff, batch: Batch) -> dict[str, Pair]:
    """The history, where there is none the whole period's own use: a part of it would find too low a block."""
    sheet = Worksheet(tariff, batch)
    found = dict(batch.history)
    for meter in tariff.history:
        nothing = np.zeros(batch.size, dtype=np.int64)
        earlier, counts = batch.history.get(meter, (nothing, nothing))
        own = sheet.total(meter).values
        found[meter] = (np.where(counts > 0, earlier, own), np.maximum(counts, 1))
    return found


def _days(batch: Batch, parts: Sequence[tuple[date, date]]) -> list[Column]:
    """For each part of the period the days each service was there: the last days of one that began, the first of one that ended."""
    total = (batch.period_to - batch.period_from).days
    there = np.full(batch.size, total, dtype=np.int64)
    start = np.zeros(batch.size, dtype=np.int64)
    if batch.fraction is not None:
        there = batch.fraction[0] * total // np.maximum(batch.fraction[1], 1)
        began = np.zeros(batch.size, dtype=np.bool_) if batch.opening is None else batch.opening
        ended = np.zeros(batch.size, dtype=np.bool_) if batch.closing is None else batch.closing
        start = np.where(began & ~ended, total - there, 0) if batch.began is None else batch.began
    result = []
    for low, high in parts:
        first, last = (low - batch.period_from).days, (high - batch.period_from).days
        result.append(np.clip(np.minimum(last, start + there) - np.maximum(first, start), 0, None))
    return result


def _between(events: Events, low: date, high: date) -> Events:
    if events.at is None:
        raise CannotRate("usage", "the tariff changes within the period", "give each event its `at`")
    first, last = (low - EPOCH).days * DAY_SECONDS, (high - EPOCH).days * DAY_SECONDS
    return events.picked((events.at >= first) & (events.at < last))
