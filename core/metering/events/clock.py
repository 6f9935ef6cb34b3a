"""Reads the time stamps of events: millions of them, so what an hour of a zone means is worked out once for each hour.

A stamp without an offset is of the source's zone; one that the clock shows twice (autumn) means the first time, one that it never
shows (spring) is refused.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.metering.units import Unreadable

EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
MOST = 50_000
_HOUR = 3600


def seconds(stamp: datetime) -> int:
    """Seconds since 1970 of what a clock shows."""
    return (stamp.toordinal() - EPOCH_DAY) * 86_400 + stamp.hour * _HOUR + stamp.minute * 60 + stamp.second


class EventClock:
    """Stamps of one source to (second of the operator's clock, its offset in minutes)."""

    def __init__(self, source: ZoneInfo, context: ZoneInfo, layout: str | None = None) -> None:
        self._source, self._context, self._layout = source, context, layout
        self._hours: dict[int, tuple[int, int] | None] = {}

    def read(self, text: str) -> tuple[int, int]:
        """The second and its offset; Unreadable when it is no time."""
        text = text.strip()
        try:
            stamp = self._parsed(text)
        except (ValueError, OverflowError):
            raise Unreadable("reject.not_a_time", text=text[:40]) from None
        if stamp.tzinfo is not None:
            return self._local(seconds(stamp) - int((stamp.utcoffset() or timedelta()).total_seconds()))
        shown = seconds(stamp)
        hour = shown // _HOUR
        if hour not in self._hours:
            if len(self._hours) >= MOST:
                self._hours.clear()
            self._hours[hour] = self._hour(stamp)
        match = self._hours[hour]
        if match is None:
            match = self._hour(stamp, whole=False)
            if match is None:
                raise Unreadable("reject.no_such_time", text=text[:40], zone=self._source.key)
        return shown + match[0], match[1]

    def _parsed(self, text: str) -> datetime:
        if self._layout is None:
            return datetime.fromisoformat(text)
        if self._layout == "epoch":
            return datetime.fromtimestamp(int(text), UTC)
        if self._layout == "%Y%m%d%H%M%S" and len(text) == 14 and text.isascii():
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
        return datetime.strptime(text, self._layout)  # noqa: DTZ007 - its zone is the source's

    def _hour(self, stamp: datetime, whole: bool = True) -> tuple[int, int] | None:
        """(what to add to what the source's clock shows, the house's offset); None when that is not one for the hour."""
        ends = (0, 59) if whole else (stamp.minute,)
        match = {self._of(stamp.replace(minute=minute)) for minute in ends}
        return match.pop() if len(match) == 1 else None

    def _of(self, stamp: datetime) -> tuple[int, int] | None:
        aware = stamp.replace(tzinfo=self._source)
        instant = aware.astimezone(UTC)
        if instant.astimezone(self._source).replace(tzinfo=None) != stamp:
            return None
        offset = int((instant.astimezone(self._context).utcoffset() or timedelta()).total_seconds())
        ahead = int((aware.utcoffset() or timedelta()).total_seconds())
        return offset - ahead, offset // 60

    def _local(self, utc: int) -> tuple[int, int]:
        local = datetime.fromtimestamp(utc, self._context)
        return seconds(local), int((local.utcoffset() or timedelta()).total_seconds()) // 60
