"""What somebody has to look at soon: put down once, said in the log, counted for the watcher, and shown on the day page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import BigInteger, Column, Index, Table, Text, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import Instant, Json, insert, metadata

log = structlog.get_logger("alarms")

alarm = Table(
    "alarm",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # what is told once
    Column("kind", Text, nullable=False),  # of `KINDS`
    Column("details", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_alarm_at", "at"),
)

KINDS = {
    "codes": "Very many one-time codes were asked for within an hour; at the ceiling strangers get none.",
    "pin": "Strangers guess at the PIN of a customer; it is closed to them now.",
    "sign_in": "Somebody guesses at the password of a name of the console; it is open only where they have signed in before.",
    "strangers": "Strangers sent very many files today; no more of theirs are kept until tomorrow.",
    "cards": "A card number stood in the database and was blanked.",
}
"""Each kind, as it is told to whoever sees the day."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One of them."""

    kind: str
    details: dict[str, Any]
    at: datetime

    @property
    def words(self) -> str:
        """For a page."""
        return KINDS[self.kind]


async def sound(conn: AsyncConnection, context: Context, kind: str, key: str, **details: Any) -> bool:
    """Tell it, once for each `key`; `details` name no customer by name or number. Whether it is new."""
    row = {
        "id": context.ids.take(),
        "key": f"{kind}:{key}",
        "kind": kind,
        "details": details,
        "at": context.clock.now(),
    }
    new = (await conn.execute(insert(conn, alarm).values(row).on_conflict_do_nothing(index_elements=["key"]))).rowcount
    if new:
        log.error("alarm", kind=kind, words=KINDS[kind], **details)
    return new == 1


async def between(conn: AsyncConnection, begins: datetime, ends: datetime) -> Sequence[Alarm]:
    """Those of a span, the oldest first."""
    found = select(alarm.c.kind, alarm.c.details, alarm.c.at).where(alarm.c.at >= begins, alarm.c.at < ends)
    return [Alarm(*row) for row in await conn.execute(found.order_by(alarm.c.at, alarm.c.id).limit(100))]


async def counted(conn: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many of each kind since then."""
    found = select(alarm.c.kind, func.count()).where(alarm.c.at >= since).group_by(alarm.c.kind)
    return dict.fromkeys(KINDS, 0) | {row[0]: row[1] for row in await conn.execute(found)}
