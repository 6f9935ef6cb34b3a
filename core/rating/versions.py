"""A new version of a tariff in mid-period: the period is cut where the version begins.

Totals are shared out by the days each service was there under each version, events by their own time. Blocks, fixed
charges and allowances that are for the whole period are shared by the same days, so that nobody pays twice; what is paid in
advance is charged once, by the last version.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from core.rating.allowances import coverage
from core.rating.errors import CannotRate
from core.rating.exact import Column, Exact
from core.rating.model import Batch, Carried, Events, Line, Pair
from core.rating.rounding import hand_out
from core.rating.sheet import Sheet, ratio
from core.rating.tariff import Tariff
from core.rating.times import DAY_SECONDS, EPOCH

Pricer = Callable[[Sheet], list[Line]]
Left = dict[str, tuple[Carried, ...]]


def in_force(versions: Sequence[Tariff], since: date, until: date) -> list[tuple[Tariff, date, date]]:
    """The versions that hold in [since, until), each with its own days there."""
    ordered = sorted(versions, key=lambda tariff: tariff.valid_from)
    starts = [*(max(tariff.valid_from, since) for tariff in ordered[1:]), until]
    found = []
    for tariff, after in zip(ordered, starts, strict=True):
        low, high = max(tariff.valid_from, since), min(after, until)
        if low < high:
            found.append((tariff, low, high))
    if not found or found[0][1] > since:
        raise CannotRate(
            f"tariff {ordered[0].code}", f"no version is in force on {since}", "add the version of that day"
        )
    return found


def over_versions(versions: Sequence[Tariff], batch: Batch, price: Pricer) -> tuple[list[Line], Left]:
    """The lines of every version in turn, and what is left of the allowances."""
    parts = in_force(versions, batch.period_from, batch.period_to)
    days = _days(batch, [(low, high) for _, low, high in parts])
    shares = {
        meter: hand_out([_part(column, n, days) for n in range(len(days))]) for meter, column in batch.quantity.items()
    }
    lines: list[Line] = []
    left: Left = {}
    for number, (tariff, low, high) in enumerate(parts):
        piece = replace(
            batch,
            quantity={meter: pieces[number] for meter, pieces in shares.items() if meter not in batch.events},
            events={meter: _between(events, low, high) for meter, events in batch.events.items()},
            carried={**batch.carried, **left},
            history=_remembered(tariff, batch),
            share=(days[number], np.maximum(np.sum(days, axis=0), 1)),
            first=number == 0,
            last=number == len(parts) - 1,
        )
        sheet = Sheet(tariff, piece)
        lines += [replace(line, since=low, until=high) for line in price(sheet)]
        left = {a.code: coverage(sheet, a.meter).left[a.code] for a in tariff.allowances}
    return lines, left


def _part(column: Column, number: int, days: Sequence[Column]) -> Exact:
    """The exact part of a total that falls to one version; all of it to the first where a service has no days."""
    whole: Column = np.sum(days, axis=0)
    here = np.where(whole > 0, days[number], int(number == 0))
    return Exact.of(column).by(ratio((here, np.maximum(whole, 1))))


def _remembered(tariff: Tariff, batch: Batch) -> dict[str, Pair]:
    """The history, where there is none the whole period's own use: a part of it would find too low a block."""
    sheet = Sheet(tariff, batch)
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
