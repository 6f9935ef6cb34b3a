"""Every effect once: a stable key under a unique constraint, and the first answer kept for whoever asks again.

The key row is written first, so that on PostgreSQL a second caller waits for the first to commit and then finds the answer;
if the first rolls back, the second does the work. `effect` is a narrow table that is never partitioned: a key holds for ever.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, Text, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import Instant, Json, insert, metadata

effect = Table(
    "effect",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("answer", Json),
)


async def first_time(conn: AsyncConnection, key: str, now: datetime) -> bool:
    """Claim `key`: True for the first, False for every later one."""
    statement = insert(conn, effect).values(key=key, at=now).on_conflict_do_nothing(index_elements=["key"])
    return (await conn.execute(statement)).rowcount == 1


async def known(conn: AsyncConnection, key: str) -> bool:
    """Whether `key` was claimed before."""
    return (await conn.execute(select(effect.c.key).where(effect.c.key == key))).first() is not None


async def once(conn: AsyncConnection, key: str, now: datetime, do: Callable[[], Awaitable[Any]]) -> Any:
    """Run `do` under `key` and keep its (JSON) answer; a repeat gets the first answer and does nothing."""
    if not await first_time(conn, key, now):
        return (await conn.execute(select(effect.c.answer).where(effect.c.key == key))).scalar_one()
    answer = await do()
    await conn.execute(update(effect).where(effect.c.key == key).values(answer=answer))
    return answer
