"""The one back-off: how long until we try, or ask, again. A provider that says how long gets what it says; else a table of waits does.

How often and how far apart is data (`BackOff`), one table where each thing that waits is decided: the outbox's own stands here, those by which
payments, vending and airtime ask about an unknown outcome in their rooms.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 24 * 3600
_SECONDS = re.compile(r"\d{1,9}(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class BackOff:
    """Waits, one after the other; the last repeats for whoever does not give up when the table is used up."""

    waits: tuple[timedelta, ...]

    def after(self, tries: int, wait_s: int | None = None) -> timedelta:
        """How long to wait after so many tries that brought nothing (0: after the first call), or as long as the provider wants."""
        return timedelta(seconds=wait_s) if wait_s else self.waits[min(tries, len(self.waits) - 1)]

    def is_used_up(self, tries: int) -> bool:
        """Whether whoever gives up does so now."""
        return tries >= len(self.waits)


OUTBOX = BackOff(tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 14_400)))
"""After the last of these a row is a dead letter, for a person to look at and replay."""


def retry_after(headers: Mapping[str, str]) -> int | None:
    """`Retry-After` of HTTP, in seconds or as an instant by the provider's own clock: seconds to wait; None: nothing that we understand."""
    value = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        whole, _, part = value.partition(".")
        return bounded(int(whole) + (1 if part.strip("0") else 0))
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return bounded(math.ceil((until - now).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return None


def bounded(seconds: int) -> int | None:
    """A time to wait that can be meant: what is longer than a day is a day."""
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None
