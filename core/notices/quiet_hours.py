"""The quiet hours: nothing that can wait disturbs a customer at night. Codes, replies and what she just did are not held.

The hours are the operator's (`notices.quiet_from`, `notices.quiet_until`) by the clock of the customer (core/notices/time_zones.py), across
midnight and across the nights on which the clocks change. Nor does anybody get more campaigns in a week than the operator's `notices.campaigns_per_week`.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.config.messages import Notices
from core.db.in_list import in_list
from core.outbox.queue import OutboxRow, outbox

WEEK = timedelta(days=7)
GONE = ("leaving", "sent", "delivered", "unknown")
"""A campaign in one of these states may have reached her."""


def held_until(now: datetime, zone: ZoneInfo, rules: Notices) -> datetime | None:
    """The instant (UTC) until which a notice waits; None: it may leave at once."""
    return open_from(now, zone, rules.quiet_until, rules.quiet_from)


def open_from(now: datetime, zone: ZoneInfo, opens: time, shuts: time) -> datetime | None:
    """The instant (UTC) at which hours that are shut just now open again; None: they are open. Equal hours are never shut."""
    here = now.astimezone(zone)
    start, end, wall = shuts, opens, here.time()
    if start == end:
        return None
    over_midnight = start > end
    quiet = (wall >= start or wall < end) if over_midnight else (start <= wall < end)
    if not quiet:
        return None
    day = here.date() + timedelta(days=1 if over_midnight and wall >= start else 0)
    first = datetime.combine(day, end, tzinfo=zone)
    return max(first.astimezone(start_of(day, zone).tzinfo), now + timedelta(minutes=1))


async def campaigns_had(conn: AsyncConnection, now: datetime, rows: Sequence[OutboxRow]) -> dict[int, int]:
    """How many campaigns each contact of these rows' campaigns has had in the last seven days (or may have had)."""
    ids = {row.contact_id for row in rows if row.kind == "campaign" and row.contact_id is not None}
    if not ids:
        return {}
    had = await conn.execute(
        select(outbox.c.contact_id, func.count())
        .where(
            in_list(conn, outbox.c.contact_id, ids),
            outbox.c.kind == "campaign",
            outbox.c.state.in_(GONE),
            or_(outbox.c.settled_at.is_(None), outbox.c.settled_at > now - WEEK),
        )
        .group_by(outbox.c.contact_id)
    )
    return {contact_id: int(count) for contact_id, count in had}
