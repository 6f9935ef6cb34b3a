"""No faster than a provider allows, whoever sends: the messages of the last second stand in the database, a row for each channel.

The row is locked while a sender books its wave, so that several workers together stay below the limit in any one second. The seconds
are the machine's and not the house's, because a pace is about the world and not about the date.
"""

from datetime import datetime

from sqlalchemy import Column, Table, Text, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Json, insert, metadata

SECOND = 1_000_000
"""Microseconds."""

pace = Table(
    "pace",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("left", Json, nullable=False),  # [[microseconds since 1970, messages], ...] of the last second
)


async def book(conn: AsyncConnection, channel: str, count: int, per_second: int, now: datetime) -> float:
    """Book `count` messages (at most `per_second`) for now: 0. If there is no room yet: the seconds until there is, and nothing booked."""
    await conn.execute(
        insert(conn, pace).values(channel=channel, left=[]).on_conflict_do_nothing(index_elements=["channel"])
    )
    mine = pace.c.channel == channel
    left = (await conn.execute(select(pace.c.left).where(mine).with_for_update())).scalar_one()
    moment = int(now.timestamp() * SECOND)
    recent = [(int(at), int(number)) for at, number in left if moment - SECOND < at]
    if sum(number for _, number in recent) + count > per_second:
        return (recent[0][0] + SECOND - moment) / SECOND
    booked = [*map(list, recent), [moment, count]]
    await conn.execute(update(pace).where(mine).values(left=booked))
    return 0.0
