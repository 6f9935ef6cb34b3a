"""On which days and at which hours collections may act: working days of the country and of the operator. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import bankdays
from core.config.collections import Ladder


@dataclass(frozen=True, slots=True)
class Calendar:
    """The country's working days, less the days on which the operator is closed."""

    country: str
    closed: tuple[date, ...] = ()

    def works(self, day: date) -> bool:
        """Whether it is a working day."""
        return day not in self.closed and bankdays.works(day, self.country)

    def on_or_after(self, day: date) -> date:
        """The first working day on or after `day`."""
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, working_days: int) -> date:
        """The day on which so many whole working days lie behind `day`."""
        for _ in range(working_days):
            day = self.on_or_after(day + timedelta(days=1))
        return day


def bar_hours(calendar: Calendar, ladder: Ladder, day: date) -> tuple[time, time] | None:
    """From when to when a service may be restricted on `day` (not on a Friday afternoon, say); None: not on that day."""
    if not calendar.works(day):
        return None
    until = ladder.bar_until if calendar.works(day + timedelta(days=1)) else ladder.bar_until_before_rest
    return (ladder.bar_from, until) if ladder.bar_from < until else None


def may_bar_at(calendar: Calendar, ladder: Ladder, now: datetime, zone: ZoneInfo) -> bool:
    """Whether this very moment is one at which a service may be restricted."""
    here = now.astimezone(zone)
    hours = bar_hours(calendar, ladder, here.date())
    return hours is not None and hours[0] <= here.time() < hours[1]
