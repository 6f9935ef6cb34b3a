"""Whether a register reading can be true: pure rules over the readings around it (design, domain.md 1).

Less than before is a rollover only if the turn is short enough to be believed, otherwise it is held as a rollback. Far more
than the meter's own pace is held too. A held reading stops the bill of its meter, never the cycle.
"""

from dataclasses import dataclass
from datetime import date

from core.metering.units import MICRO

HIGH_TENTHS, HIGH_TENTHS_FEW = 20, 30
"""Held above 2.0 times the own pace of three months; above 3.0 times where fewer readings are known."""
PACE_DAYS = 92
ENOUGH_READS = 3
QUIET_MICRO_A_DAY = MICRO
"""An empty house may come to life: up to one unit a day is never held."""
BELIEVED_TURN = 10
"""Without a pace to go by, a register has turned over if it moved by less than a tenth of its range."""


@dataclass(frozen=True, slots=True)
class Point:
    """An accepted reading of a register, in micro-units as shown on the dials."""

    read_on: date
    value_micro: int


def doubt(new: Point, before: list[Point], after: Point | None, dials: int) -> str | None:
    """The catalogue key of why a reading is held; None when it can be true. `before` is in order of date."""
    if after is not None and after.value_micro < new.value_micro and not _turned(new, after, before, dials):
        return "held.above_later"
    if not before:
        return None
    last = before[-1]
    if new.value_micro < last.value_micro:
        return None if _turned(last, new, before, dials) else "held.rollback"
    limit = _limit(before, (new.read_on - last.read_on).days)
    return "held.high" if limit is not None and new.value_micro - last.value_micro > limit else None


def _turned(one: Point, other: Point, before: list[Point], dials: int) -> bool:
    """Whether the register may have passed its last figure between two readings."""
    full: int = 10**dials * MICRO
    limit = _limit(before, (other.read_on - one.read_on).days)
    return other.value_micro - one.value_micro + full <= (full // BELIEVED_TURN if limit is None else limit)


def _limit(before: list[Point], days: int) -> int | None:
    """The most that so many days may count, by the meter's own last three months; None when there is no pace yet."""
    last = before[-1]
    near = [point for point in before if (last.read_on - point.read_on).days <= PACE_DAYS]
    first = near[0] if len(near) > 1 else before[-2] if len(before) > 1 else None
    if first is None or last.value_micro < first.value_micro:
        return None
    factor = HIGH_TENTHS if len(near) >= ENOUGH_READS else HIGH_TENTHS_FEW
    pace = (last.value_micro - first.value_micro) * days * factor // ((last.read_on - first.read_on).days * 10)
    return max(pace, QUIET_MICRO_A_DAY * days)
