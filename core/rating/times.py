"""Named times of use: which of a tariff's periods (peak, night, weekend) a local instant belongs to.

Rules are tried in order and the first that holds gives the name; the compiler proves that one always holds. A stretch of
days is laid out as a table of slots once, so that a million instants are a million look-ups.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from math import gcd

import numpy as np
from numpy.typing import NDArray

from core.rating.errors import CannotRate
from core.rating.exact import Column

DAY_MINUTES = 1440
DAY_SECONDS = 86_400
EPOCH = date(1970, 1, 1)
LONGEST_DAYS = 1_200
"""Events of one batch may not span more days than this: a slipped year, not usage."""
LONGEST_SECONDS = LONGEST_DAYS * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class TimeRule:
    """One line of the tariff's `times`. `until` at or before `since` runs over midnight, within the same weekday."""

    band: int
    weekdays: frozenset[int]
    since: int
    until: int
    months: frozenset[int]
    holidays: bool | None

    def holds(self, minute: int, weekday: int, month: int, holiday: bool) -> bool:
        """Whether this minute of such a day is meant."""
        if month not in self.months or self.holidays not in (None, holiday):
            return False
        if weekday not in self.weekdays and not (self.holidays and holiday):
            return False
        if self.since < self.until:
            return self.since <= minute < self.until
        return minute >= self.since or minute < self.until


@dataclass(frozen=True, slots=True)
class Times:
    """The named periods of a tariff, in the tariff's order, and the days that count as holidays. `laid` is kept work."""

    names: tuple[str, ...]
    rules: tuple[TimeRule, ...]
    holidays: frozenset[date]
    laid: dict[tuple[int, int, bool], NDArray[np.int8]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def slot(self) -> int:
        """Minutes in which no boundary falls."""
        return gcd(DAY_MINUTES, *(edge for rule in self.rules for edge in (rule.since, rule.until)))

    def of_minute(self, minute: int, weekday: int, month: int, holiday: bool) -> int | None:
        """The period of one minute, or None in a gap."""
        for rule in self.rules:
            if rule.holds(minute, weekday, month, holiday):
                return rule.band
        return None

    def gap(self) -> tuple[int, int, int, bool] | None:
        """The first (minute, weekday, month, holiday) that no rule names."""
        for month in range(1, 13):
            for weekday in range(7):
                for holiday in (False, True):
                    for minute in range(0, DAY_MINUTES, self.slot):
                        if self.of_minute(minute, weekday, month, holiday) is None:
                            return minute, weekday, month, holiday
        return None

    def layout(self, first_day: int, days: int) -> NDArray[np.int8]:
        """The period of each slot of `days` days from `first_day` (days since 1970)."""
        return np.concatenate([self._day(EPOCH + timedelta(days=first_day + offset)) for offset in range(days)])

    def _day(self, day: date) -> NDArray[np.int8]:
        """The period of each slot of a day; days of one kind are laid out once."""
        kind = (day.weekday(), day.month, day in self.holidays)
        if kind not in self.laid:
            slots = [self.of_minute(minute, *kind) or 0 for minute in range(0, DAY_MINUTES, self.slot)]
            self.laid[kind] = np.array(slots, dtype=np.int8)
        return self.laid[kind]


@dataclass(frozen=True, slots=True)
class Clockface:
    """The slots that cover some events: `bands[(at - origin) // seconds]` is the period of the instant `at`."""

    bands: NDArray[np.int8]
    origin: int
    seconds: int

    @staticmethod
    def over(times: Times, first: int, last: int) -> "Clockface":
        """Slots from the day of local second `first` to the day of `last`, inclusive."""
        first_day, days = first // DAY_SECONDS, last // DAY_SECONDS - first // DAY_SECONDS + 1
        if days > LONGEST_DAYS:
            raise CannotRate("usage", f"its rows lie {days} days apart", "check the years of `at` and `until`")
        return Clockface(times.layout(first_day, days), first_day * DAY_SECONDS, times.slot * 60)

    def bands_at(self, at: Column, slots: Column | None = None) -> Column:
        """The period of each instant, all of which lie on the face; `slots` is room to work in."""
        slots = np.subtract(at, self.origin, out=slots)
        slots //= self.seconds
        return np.take(self.bands, slots)

    def ends(self) -> Column:
        """For each slot the local second at which its period gives way to another (or the face ends)."""
        changes = np.flatnonzero(np.diff(self.bands)) + 1
        edges = np.append(changes, len(self.bands))
        return self.origin + edges[np.searchsorted(edges, np.arange(len(self.bands)), side="right")] * self.seconds
