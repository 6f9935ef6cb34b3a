"""The register of a meter as a curve over days: readings unrolled, multiplied, straight between them, carried on beyond.

`Curve.at(day)` is what the meter has counted from its first reading up to the start of `day`, in micro-units. What a period
used is a difference of two points, so the periods of any length between two readings sum to exactly their difference. All
integers, rounded down; the products stay within 64 bits by splitting them.
"""

from dataclasses import dataclass

import numpy as np

from core.metering.vee.estimate import Column

MICRO = 1_000_000
LOOK_BACK_DAYS = 92
"""Days of own readings from which use beyond the last reading is carried on (three months)."""


def scaled(value: Column, multiplier_micro: Column) -> Column:
    """`value x multiplier`, rounded down; both in micro-units."""
    whole: Column = value // MICRO * multiplier_micro + value % MICRO * multiplier_micro // MICRO
    return whole


def scaled_one(value_micro: int, multiplier_micro: int) -> int:
    """The same of one value."""
    return value_micro * multiplier_micro // MICRO


def unrolled(value: Column, dials: int) -> Column:
    """Readings in order of time as one count that never turns over: a lower reading has passed 10^dials."""
    steps = np.diff(value, prepend=value[:1])
    counted: Column = np.cumsum(np.where(steps < 0, steps + 10**dials * MICRO, steps))
    return counted


@dataclass(frozen=True, slots=True)
class Curve:
    """`days` (ordinals, rising) and what was counted up to each from the first (micro-units, multiplied)."""

    days: Column
    counted: Column

    @classmethod
    def of(cls, days: Column, value: Column, dials: int, multiplier_micro: int) -> "Curve":
        """The curve of accepted readings, one a day at most."""
        return cls(days, scaled(unrolled(value, dials), np.full(len(value), multiplier_micro, dtype=np.int64)))

    @property
    def first(self) -> int:
        """The day of the first reading."""
        return int(self.days[0])

    @property
    def last(self) -> int:
        """The day of the last reading."""
        return int(self.days[-1])

    def at(self, day: int) -> int:
        """What was counted up to the start of `day`; needs two readings, or a `day` that has one."""
        right = int(np.searchsorted(self.days, day))
        if right < len(self.days) and self.days[right] == day:
            return int(self.counted[right])
        if right == 0:
            return -self._share(0, self._near_first(), int(self.days[0]) - day)
        if right == len(self.days):
            back = self._near_last()
            return int(self.counted[-1]) + self._share(back, len(self.days) - 1, day - self.last)
        return int(self.counted[right - 1]) + self._share(right - 1, right, day - int(self.days[right - 1]))

    def _share(self, left: int, right: int, days: int) -> int:
        """What so many days count at the pace between two readings."""
        return (int(self.counted[right]) - int(self.counted[left])) * days // int(self.days[right] - self.days[left])

    def _near_last(self) -> int:
        near = int(np.searchsorted(self.days, self.last - LOOK_BACK_DAYS))
        return min(near, len(self.days) - 2)

    def _near_first(self) -> int:
        near = int(np.searchsorted(self.days, self.first + LOOK_BACK_DAYS, side="right")) - 1
        return max(near, 1)
