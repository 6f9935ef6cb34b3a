"""Included units: who uses how much of which allowance, in time order.

One allowance after the other takes what the one before left. Each is a running total per account (or per pool, where it is
shared), cut off at what there is, so that every unit is taken once and the leftover is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from core.rating.errors import CannotRate
from core.rating.exact import MICRO, Column, Exact, Mask, total_of
from core.rating.model import Carried, Events
from core.rating.rounding import Mode, divide, to_whole
from core.rating.sheet import Worksheet
from core.rating.spans import plus_months
from core.rating.terms import Allowance
from core.rating.times import DAY_SECONDS, EPOCH
from core.rating.walk import running_before, starts_of, sums


@dataclass(frozen=True, slots=True)
class Coverage:
    """Per allowance of one meter: per service what was used and what is left.

    `left` are the buckets that have not expired when the period ends, this period's own the last.
    """

    used: dict[str, Column]
    left: dict[str, tuple[Carried, ...]]


def of_meter(sheet: Worksheet, meter: str) -> list[Allowance]:
    """The allowances of a meter, in the order they are used."""
    return [allowance for allowance in sheet.terms.allowances if allowance.meter == meter]


def plain(sheet: Worksheet, meter: str) -> bool:
    """Whether who gets what does not depend on when and where it was used: then totals tell it all."""
    return all(
        allowance.during is None
        and allowance.destinations is None
        and allowance.step is None
        and (not allowance.shared or sheet.batch.pool is None)
        and all(old.until is None for old in sheet.batch.carried.get(allowance.code, ()))
        for allowance in of_meter(sheet, meter)
    )


def coverage(sheet: Worksheet, meter: str) -> Coverage:
    """What the allowances of a meter cover, worked out once per batch."""
    if plain(sheet, meter):
        return sheet.once(("coverage", meter), lambda: _of_totals(sheet, meter))
    return _cover(sheet, meter)[0]


def by_event(sheet: Worksheet, meter: str) -> dict[str, Column]:
    """What each event got of each allowance, in time order."""
    return _cover(sheet, meter)[1]


def granted(sheet: Worksheet, meter: str) -> Exact:
    """Micro-units that all the meter's allowances together hold for each service, where they are plain."""
    carried = [Exact.of(old.units) for a in of_meter(sheet, meter) for old in sheet.batch.carried.get(a.code, ())]
    return total_of([*(_own(sheet, a) for a in of_meter(sheet, meter)), *carried])


def _of_totals(sheet: Worksheet, meter: str) -> Coverage:
    want = sheet.micro(meter)
    result = Coverage({}, {})
    for allowance in of_meter(sheet, meter):
        taken, left = [], []
        for bucket in _buckets(sheet, allowance):
            got = np.minimum(want, bucket.units)
            left.append(Carried(bucket.units - got))
            taken.append(got)
            want = want - got
        used: Column = sum(taken[1:], taken[0])
        result.used[allowance.code], result.left[allowance.code] = used, tuple(left)
    return result


def _cover(sheet: Worksheet, meter: str) -> tuple[Coverage, dict[str, Column]]:
    return sheet.once(("cover", meter), lambda: _of_events(sheet, meter))


def _of_events(sheet: Worksheet, meter: str) -> tuple[Coverage, dict[str, Column]]:
    """Take the meter's events (or its totals) from the allowances for it, in the tariff's order."""
    events = sheet.rows(meter)
    want = events.quantity
    result, free = Coverage({}, {}), dict[str, Column]()
    for allowance in of_meter(sheet, meter):
        needed = want if allowance.step is None else _stepped(want, allowance)
        taken = np.zeros_like(needed)
        left: list[Carried] = []
        for bucket in _buckets(sheet, allowance):
            got, rest = _take(sheet, allowance, events, needed - taken, bucket)
            taken = taken + got
            if bucket.until is None or bucket.until > _seconds(sheet.batch.period_to):
                left.append(Carried(rest, bucket.until))
        free[allowance.code] = np.minimum(taken, want)
        result.used[allowance.code] = sums(sheet.starts(meter), taken)
        result.left[allowance.code] = tuple(left)
        want = want - free[allowance.code]
    return result, free


def rolled_over(allowance: Allowance, left: Sequence[Carried], period_to: date) -> tuple[Carried, ...]:
    """What the next period may use of what is left: older buckets as they are, this period's own where the tariff lets
    it live on, all together up to the cap, the oldest kept first."""
    *older, own = left
    if allowance.rollover_periods:
        older.append(Carried(own.units, _seconds(plus_months(period_to, allowance.rollover_periods))))
    if allowance.rollover_cap is None:
        return tuple(older)
    room: Column = np.full(len(own.units), int(allowance.rollover_cap * MICRO))
    kept = []
    for bucket in older:
        units = np.minimum(bucket.units, room)
        kept.append(Carried(units, bucket.until))
        room = room - units
    return tuple(kept)


def _seconds(day: date) -> int:
    return (day - EPOCH).days * DAY_SECONDS


def _stepped(want: Column, allowance: Allowance) -> Column:
    step = (allowance.step or 1) * MICRO
    steps = divide(Exact.of(want * step.denominator, step.numerator), Mode.UP)
    return steps * step.numerator // step.denominator


def _own(sheet: Worksheet, allowance: Allowance) -> Exact:
    """This period's own micro-units, whole ones."""
    own = Exact.constant(allowance.units)
    if allowance.scale_by is not None:
        own = own.by(sheet.attribute(allowance.scale_by, allowance.code))
    if allowance.prorate:
        own = own.by(sheet.fraction)
    return Exact.of(to_whole(sheet.shared(own).times(MICRO)))


def _buckets(sheet: Worksheet, allowance: Allowance) -> list[Carried]:
    """What is there, the oldest first: what was carried over and has not expired, then this period's own."""
    own = _own(sheet, allowance).spread(sheet.size).values
    begin = _seconds(sheet.batch.period_from)
    old = [one for one in sheet.batch.carried.get(allowance.code, ()) if one.until is None or one.until > begin]
    return [*old, Carried(own)]


def _take(
    sheet: Worksheet, allowance: Allowance, events: Events, want: Column, bucket: Carried
) -> tuple[Column, Column]:
    """What each event gets of one bucket, and what the bucket has left per service."""
    want = np.where(_eligible(sheet, allowance, events, bucket.until), want, 0)
    units = bucket.units
    if not allowance.shared or sheet.batch.pool is None:
        starts = sheet.starts(allowance.meter)
        got = _in_order(starts, want, units)
        return got, units - sums(starts, got)
    _, pool = np.unique(sheet.batch.pool, return_inverse=True)
    count = int(pool.max()) + 1
    held = np.zeros(count, dtype=np.int64)
    np.maximum.at(held, pool, units)
    owner = pool[events.account]
    order = np.lexsort((owner,) if events.at is None else (events.at, owner))
    together = starts_of(owner[order], count)
    assert together is not None
    got = np.zeros_like(want)
    got[order] = _in_order(together, want[order], held)
    return got, (held - sums(together, got[order]))[pool]


def _in_order(starts: Column, want: Column, units: Column) -> Column:
    before = running_before(starts, want)
    return np.asarray(np.clip(np.repeat(units, np.diff(starts)) - before, 0, want))


def _eligible(sheet: Worksheet, allowance: Allowance, events: Events, until: int | None) -> Mask:
    mask = np.ones(len(events), dtype=np.bool_)
    if until is not None and events.at is not None:
        mask &= events.at < until
    if allowance.during is not None:
        mask &= np.isin(sheet.bands(allowance.meter, allowance.code), sorted(allowance.during))
    if allowance.destinations is not None and events.quantity.any():
        if events.destination is None:
            wrong = "it is for some destinations only"
            raise CannotRate(f"allowance {allowance.code}", wrong, "give each row its `destination`")
        mask &= np.isin(events.destination, sorted(allowance.destinations))
    return mask
