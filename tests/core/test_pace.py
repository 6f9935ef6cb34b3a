"""Several workers together never send more than the limit in any one second, and waste none of it."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import select

from core.db.engine import Database
from core.outbox import rate_limit
from tests.conftest import NOON

LIMIT = 10


async def _run(db: Database, waves: list[tuple[int, int]]) -> list[tuple[datetime, int]]:
    """Each wave (milliseconds after the last, messages) leaves as soon as it may; when and how many left."""
    now, left = NOON, list[tuple[datetime, int]]()
    for rest_ms, count in waves:
        now += timedelta(milliseconds=rest_ms)
        while True:
            async with db.writing() as conn:
                rest = await rate_limit.book(conn, "sms", count, LIMIT, now)
            if rest <= 0:
                break
            now += timedelta(seconds=rest)
        left.append((now, count))
    return left


async def test_no_second_whatever_holds_more_than_the_limit(db: Database) -> None:
    left = await _run(db, [(0, 9), (100, 2), (0, 10), (950, 1), (40, 9), (30, 5), (1500, 10), (999, 10), (1, 1)])
    for at, _ in left:
        assert sum(count for then, count in left if at <= then < at + timedelta(seconds=1)) <= LIMIT
    assert left[1][0] == NOON + timedelta(seconds=1)  # not a moment later than it may


async def test_workers_that_book_at_once_share_the_limit(db: Database) -> None:
    async def worker() -> float:
        async with db.writing() as conn:
            return await rate_limit.book(conn, "sms", 4, LIMIT, NOON)

    assert sorted(await asyncio.gather(*(worker() for _ in range(4)))) == [0, 0, 1, 1]
    async with db.reading() as conn:
        assert (await conn.execute(select(rate_limit.pace.c.channel))).scalars().all() == ["sms"]
