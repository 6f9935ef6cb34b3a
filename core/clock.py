"""The only place that reads the wall clock.

Instants are aware UTC. Billing speaks dates in the operator's zone, so `today` needs the zone.
Everything that needs the time takes a `Clock`, so that a test (or `hodi demo`) can live in any month it likes.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the present instant, aware and in UTC."""

    def now(self) -> datetime:
        """The present instant (aware, UTC)."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's present instant."""
        return datetime.now(UTC)


@dataclass(slots=True)
class SetClock:
    """A clock that stands where it was put, until it is moved: for tests, rehearsals and the demo's story."""

    instant: datetime

    def now(self) -> datetime:
        """Where the clock was put."""
        return self.instant

    def forward(self, step: timedelta) -> None:
        """Move on by `step`."""
        self.instant += step


def today(clock: Clock, zone: ZoneInfo) -> date:
    """The date it is now in the operator's `zone`."""
    return clock.now().astimezone(zone).date()


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which `day` begins in `zone`; a day may last 23 or 25 hours."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def from_seconds(utc: int) -> datetime:
    """The instant so many seconds after 1970 began (UTC)."""
    return datetime.fromtimestamp(utc, UTC)
