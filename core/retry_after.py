"""How long a provider asks us to wait: `Retry-After` of HTTP, in seconds or as an instant by the provider's own clock."""

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 24 * 3600
_SECONDS = re.compile(r"\d{1,9}(?:\.\d+)?")


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds to wait; None: it said nothing that we understand."""
    said = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(said):
        whole, _, part = said.partition(".")
        return bounded(int(whole) + (1 if part.strip("0") else 0))
    try:
        until, now = parsedate_to_datetime(said), parsedate_to_datetime(headers.get("Date", ""))
        return bounded(math.ceil((until - now).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return None


def bounded(seconds: int) -> int | None:
    """A time to wait that can be meant: what is longer than a day is a day."""
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None
