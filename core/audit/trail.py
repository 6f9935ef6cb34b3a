"""Who did what to whom, and when: append-only (triggers refuse UPDATE and DELETE in both databases)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import Instant, Json, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),  # customer:<contact id>, user:<name>, key:<id>, job:<name>, provider:<name>
    Column("action", Text, nullable=False),  # past tense: invoice.finalised, mandate.cancelled
    Column("subject", Text, nullable=False),  # invoice:<id>
    Column("details", Json, nullable=False),
    Index("ix_audit_subject", "subject", "at"),
)


async def note(conn: AsyncConnection, context: Context, actor: str, action: str, subject: str, **details: Any) -> None:
    """Record that `actor` did `action` to `subject`; `details` must hold no secret."""
    await conn.execute(
        sql_insert(audit).values(
            id=context.ids.take(), at=context.clock.now(), actor=actor, action=action, subject=subject, details=details
        )
    )


async def note_many(
    conn: AsyncConnection, context: Context, actor: str, action: str, subjects: Sequence[tuple[str, dict[str, Any]]]
) -> None:
    """The same action done to many: (subject, details) of each. Takes one id each."""
    now, ids = context.clock.now(), context.ids.take_many(len(subjects))
    rows = [(one, now, actor, action, *subject) for one, subject in zip(ids, subjects, strict=True)]
    await insert_many(conn, audit, ("id", "at", "actor", "action", "subject", "details"), rows)
