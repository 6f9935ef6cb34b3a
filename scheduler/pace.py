"""The pace of each channel that the operator's contract limits: whoever sends books its wave first, shared with all other workers."""

import asyncio
from collections.abc import Mapping

from core.clock import SystemClock
from core.db.engine import Database
from core.outbox import rate_limit


class Pace:
    """`per_second` names the channels that have a limit, or one provider of a channel (`sms.kannel`), which then counts apart; the others
    never touch the database here."""

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
                    rest = await rate_limit.book(conn, channel, count, self.per_second[channel], self._clock.now())
                if rest <= 0:
                    return
                await asyncio.sleep(rest)
