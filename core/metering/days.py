"""Days of the operator's own clock: how long each is (23 or 25 hours twice a year), and which minute of it a stamp means."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.clock import start_of
from core.metering.units import Unreadable

DAY = timedelta(days=1)


@lru_cache(maxsize=4096)
def minutes_of(day: date, zone: ZoneInfo) -> int:
    """How many minutes `day` has in `zone`: 1,440, or 1,380 or 1,500 when the clocks change."""
    return int((start_of(day + DAY, zone) - start_of(day, zone)) / timedelta(minutes=1))


class Stamps:
    """Reads the date-time stamps of one file; each text once, because thousands of meters share it."""

    MOST = 100_000

    def __init__(self, zone: ZoneInfo, shift_years: int = 0) -> None:
        self._zone = zone
        self._shift = shift_years
        self._read: dict[str, tuple[date, int, int]] = {}
        self._met: set[tuple[str, str]] = set()

    def read(self, text: str, serial: str) -> tuple[date, int]:
        """The local day and the minute of it. Raises Unreadable.

        A stamp without offset that the clock shows twice (autumn) means the first time, and for the same meter in the
        same file the second time when it comes again.
        """
        found = self._read.get(text)
        if found is None:
            if len(self._read) >= self.MOST:
                self._read.clear()
            found = self._read[text] = self._parse(text)
        day, minute, later = found
        if minute != later:
            if (serial, text) in self._met:
                return day, later
            self._met.add((serial, text))
        return day, minute

    def _parse(self, text: str) -> tuple[date, int, int]:
        try:
            stamp = datetime.fromisoformat(text.strip())
            stamp = stamp.replace(year=stamp.year + self._shift)
        except ValueError:
            raise Unreadable("reject.not_a_time", text=text[:40]) from None
        if stamp.second or stamp.microsecond:
            raise Unreadable("reject.off_the_minute", text=text[:40])
        if stamp.tzinfo is not None:
            local = stamp.astimezone(self._zone)
            return local.date(), *self._elapsed(local)
        first = stamp.replace(tzinfo=self._zone)
        if first.astimezone(_UTC).astimezone(self._zone).replace(tzinfo=None) != stamp:
            raise Unreadable("reject.no_such_time", text=text[:40], zone=self._zone.key)
        second = first.replace(fold=1)
        return stamp.date(), self._elapsed(first)[0], self._elapsed(second)[0]

    def _elapsed(self, local: datetime) -> tuple[int, int]:
        passed = local.astimezone(_UTC) - start_of(local.date(), self._zone)
        minute = int(passed / timedelta(minutes=1))
        return minute, minute


_UTC = ZoneInfo("UTC")
