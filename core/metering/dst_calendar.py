"""Days of the operator's own clock: how long each is (23 or 25 hours twice a year), and which minute of it a stamp means."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.clock import start_of
from core.dates import DateLayout
from core.metering.units import Unreadable

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=4096)
def minutes_of(day: date, zone: ZoneInfo) -> int:
    """How many minutes `day` has in `zone`: 1,440, or 1,380 or 1,500 when the clocks change."""
    return int((start_of(day + DAY, zone) - start_of(day, zone)) / MINUTE)


def place_of(instant: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The day of `zone` and the minutes that have passed of it."""
    day = instant.astimezone(zone).date()
    return day, int((instant.astimezone(UTC) - start_of(day, zone)) / MINUTE)


Place = tuple[date, int]
Seen = tuple[Place, Place, datetime | None]
"""What a stamp means the first time and the second, and what the clock showed."""


class Stamps:
    """Reads the date-time stamps of one file; each text once, because thousands of meters share it.

    `written`: how the file writes them; `clock`: whose clock stamps without an offset are of, if not `zone`'s; `back`: so many
    minutes before the stamp the interval began (a file that stamps the ends).
    """

    MOST = 100_000

    def __init__(
        self,
        zone: ZoneInfo,
        shift_years: int = 0,
        *,
        written: DateLayout | None = None,
        clock: ZoneInfo | None = None,
        back: int = 0,
    ) -> None:
        self._zone, self._clock = zone, clock or zone
        self._written, self._back, self._shift = written or DateLayout(), back * MINUTE, shift_years
        self._read: dict[str, Seen] = {}
        self._met: dict[tuple[str, str], bool] = {}
        self._last: dict[str, datetime | None] = {}

    def read(self, text: str, stream: str) -> Place:
        """The local day and the minute of it. Raises Unreadable.

        A stamp without offset that the clock shows twice (autumn) means the first time, and for the same `stream` (a register of a
        meter) in the same file the second time when it comes again; in a file that goes backwards it is the other way round.
        """
        match = self._read.get(text)
        if match is None:
            if len(self._read) >= self.MOST:
                self._read.clear()
            match = self._read[text] = self._parse(text)
        first, second, shown = match
        before, self._last[stream] = self._last.get(stream), shown
        if first == second:
            return first
        later = self._met.get((stream, text))
        if later is None:
            later = before is not None and shown is not None and before > shown
            self._met[stream, text] = not later
        return second if later else first

    def _parse(self, text: str) -> Seen:
        try:
            stamp = self._written.stamp(text)
            stamp = stamp.replace(year=stamp.year + self._shift)
        except ValueError:
            raise Unreadable("reject.not_a_time", text=text[:40]) from None
        if stamp.second or stamp.microsecond:
            raise Unreadable("reject.off_the_minute", text=text[:40])
        if stamp.tzinfo is not None:
            place = place_of(stamp.astimezone(UTC) - self._back, self._zone)
            return place, place, None
        first = stamp.replace(tzinfo=self._clock)
        if first.astimezone(UTC).astimezone(self._clock).replace(tzinfo=None) != stamp:
            raise Unreadable("reject.no_such_time", text=text[:40], zone=self._clock.key)
        both = (first, first.replace(fold=1))
        one, other = (place_of(at.astimezone(UTC) - self._back, self._zone) for at in both)
        return one, other, stamp


class Market:
    """The clock of the Australian market's files: one time all the year, on which every day has 24 hours.

    It is Eastern Standard Time (UTC+10) throughout the National Electricity Market, South Australia too; Western Australia and the
    Northern Territory keep their own. Elsewhere such a file is of the operator's standard time.
    """

    OWN = ("Australia/Perth", "Australia/Eucla", "Australia/Darwin", "Australia/West", "Australia/North")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._east = zone.key.startswith("Australia/") and zone.key not in self.OWN
        self._days: dict[date, int] = {}

    def place(self, day: date, minute: int) -> Place:
        """The operator's day and minute of a minute of a market's day."""
        ahead = self._days.get(day)
        if ahead is None:
            ahead = self._days[day] = self._ahead(day)
        minute += ahead
        while minute < 0:
            day -= DAY
            minute += minutes_of(day, self._zone)
        while minute >= (length := minutes_of(day, self._zone)):
            day, minute = day + DAY, minute - length
        return day, minute

    def _ahead(self, day: date) -> int:
        """How many minutes of the operator's day have passed when the market's begins."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=self._zone)
        standard = (
            timedelta(hours=10) if self._east else (noon.utcoffset() or timedelta()) - (noon.dst() or timedelta())
        )
        begins = datetime(day.year, day.month, day.day, tzinfo=timezone(standard))
        return int((begins.astimezone(UTC) - start_of(day, self._zone)) / MINUTE)
