"""Included units: who uses how much of which allowance, in time order.

One allowance after the other takes what the one before left. Each is a running total per account (or per pool, where it is
shared), cut off at what there is, so that every unit is taken once and the leftover is exact.
"""

from dataclasses import dataclass

import numpy as np

from core.rating.exact import MICRO, Column, Exact, Mask
from core.rating.model import Carried, Events
from core.rating.rounding import Mode, divide, to_whole
from core.rating.sheet import Sheet
from core.rating.tariff import Allowance
from core.rating.walk import running_before, sums


@dataclass(frozen=True, slots=True)
class Coverage:
    """Per allowance of one meter: what each event got of it, and per service what was used and what is left."""

    by_event: dict[str, Column]
    used: dict[str, Column]
    left: dict[str, Column]


def coverage(sheet: Sheet, meter: str) -> Coverage:
    """What the allowances of a meter cover, worked out once per batch."""
    if meter not in sheet.kept:
        sheet.kept[meter] = cover(sheet, meter)
    kept = sheet.kept[meter]
    assert isinstance(kept, Coverage)
    return kept


def cover(sheet: Sheet, meter: str) -> Coverage:
    """Take the meter's events (or its totals) from the allowances for it, in the tariff's order."""
    events = sheet.rows(meter)
    want = events.quantity
    result = Coverage({}, {}, {})
    for allowance in (a for a in sheet.tariff.allowances if a.meter == meter):
        needed = want if allowance.step is None else _stepped(want, allowance)
        taken = np.zeros_like(needed)
        left = np.zeros(sheet.size, dtype=np.int64)
        for bucket in _buckets(sheet, allowance):
            got, rest = _take(sheet, allowance, events, needed - taken, bucket)
            taken, left = taken + got, left + rest
        free = np.minimum(taken, want)
        result.by_event[allowance.code] = free
        result.used[allowance.code] = sums(events.account, taken, sheet.size)
        result.left[allowance.code] = left
        want = want - free
    return result


def _stepped(want: Column, allowance: Allowance) -> Column:
    step = (allowance.step or 1) * MICRO
    return divide(want * step.denominator, step.numerator, Mode.UP) * step.numerator // step.denominator


def _buckets(sheet: Sheet, allowance: Allowance) -> list[Carried]:
    """What is there, the oldest first: what was carried over, then this period's own."""
    granted = Exact.constant(allowance.units)
    if allowance.scale_by is not None:
        granted = granted.by(sheet.attribute(allowance.scale_by, allowance.code))
    if allowance.prorate:
        granted = granted.by(sheet.fraction)
    granted = sheet.shared(granted)
    own = to_whole(granted.times(MICRO).spread(sheet.size))
    carried = sheet.batch.carried.get(allowance.code, ())
    return [*carried, Carried(own)]


def _take(sheet: Sheet, allowance: Allowance, events: Events, want: Column, bucket: Carried) -> tuple[Column, Column]:
    """What each event gets of one bucket, and what the bucket has left per service."""
    want = np.where(_eligible(sheet, allowance, events, bucket.until), want, 0)
    units = bucket.units
    if not allowance.shared or sheet.batch.pool is None:
        got = _in_order(events.account, want, units, sheet.size)
        return got, units - sums(events.account, got, sheet.size)
    _, pool = np.unique(sheet.batch.pool, return_inverse=True)
    count = int(pool.max()) + 1
    held = np.zeros(count, dtype=np.int64)
    np.maximum.at(held, pool, units)
    keys = (pool[events.account],) if events.at is None else (events.at, pool[events.account])
    order = np.lexsort(keys)
    shared = pool[events.account][order]
    got = np.zeros_like(want)
    got[order] = _in_order(shared, want[order], held, count)
    return got, (held - sums(shared, got[order], count))[pool]


def _in_order(owner: Column, want: Column, units: Column, owners: int) -> Column:
    before = running_before(owner, want, owners)
    return np.asarray(np.clip(units[owner] - before, 0, want))


def _eligible(sheet: Sheet, allowance: Allowance, events: Events, until: int | None) -> Mask:
    mask = np.ones(len(events), dtype=np.bool_)
    if until is not None and events.at is not None:
        mask &= events.at < until
    if allowance.during is not None:
        mask &= np.isin(sheet.bands(allowance.meter, allowance.code), sorted(allowance.during))
    if allowance.destinations is not None and events.destination is not None:
        mask &= np.isin(events.destination, sorted(allowance.destinations))
    return mask
