"""No faster than a provider allows, whoever sends: the messages of the last second stand in the database, a row for each channel.

The row is locked while a sender books its wave, so that several workers together stay below the limit in any one second. The seconds
are the machine's and not the house's, because a pace is about the world and not about the date.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, Table, Text, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import SystemClock
from core.db.engine import Database, Json, insert, metadata

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


class ProviderPace:
    """The pace of each channel that the operator's contract limits: whoever sends books its wave first, shared with all other workers.

    `per_second` names the channels that have a limit, or one provider of a channel (`sms.kannel`), which then counts apart; the others
    never touch the database here.
    """

    def __init__(self, db: Database, per_second: Mapping[str, int] | None = None) -> None:
        self.db, self.per_second = db, dict(per_second or {})
        self._clock = SystemClock()
        self._turn: dict[str, asyncio.Lock] = {channel: asyncio.Lock() for channel in self.per_second}

    def most(self, channel: str, wave: int) -> int:
        """How many may leave together: a whole wave, or less where the limit is smaller."""
        return max(1, min(wave, self.per_second.get(self._limit(channel), wave)))

    def _limit(self, line: str) -> str:
        return line if line in self.per_second else line.split(".", 1)[0]

    async def wait(self, channel: str, count: int) -> None:
        """Return when `count` more (at most `most`) may leave; in this process first come, first served."""
        channel = self._limit(channel)
        if channel not in self.per_second:
            return
        async with self._turn[channel]:
            while True:
                async with self.db.writing() as conn:
                    rest = await book(conn, channel, count, self.per_second[channel], self._clock.now())
                if rest <= 0:
                    return
                await asyncio.sleep(rest)
