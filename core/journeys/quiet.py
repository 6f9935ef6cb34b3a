"""The quiet hours: nothing that can wait disturbs a customer at night. Codes, replies and what she just did are not held.

The hours are the operator's (`notices.quiet_from`, `notices.quiet_until`) in its own zone, across midnight and across the nights
on which the clocks change.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.clock import start_of
from core.config import Notices


def held_until(now: datetime, zone: ZoneInfo, rules: Notices) -> datetime | None:
    """The instant (UTC) until which a notice waits; None: it may leave at once."""
    here = now.astimezone(zone)
    start, end, wall = rules.quiet_from, rules.quiet_until, here.time()
    if start == end:
        return None
    over_midnight = start > end
    quiet = (wall >= start or wall < end) if over_midnight else (start <= wall < end)
    if not quiet:
        return None
    day = here.date() + timedelta(days=1 if over_midnight and wall >= start else 0)
    opens = datetime.combine(day, end, tzinfo=zone)
    return max(opens.astimezone(start_of(day, zone).tzinfo), now + timedelta(minutes=1))
