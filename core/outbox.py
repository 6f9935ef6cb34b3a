"""Everything leaves by the outbox: a row commits with the change that caused it, and is dispatched afterwards.

A row holds references and a template name rather than text: it is rendered when it is claimed, after asking whether it is
still true (already paid? amount changed?). `key` is unique for ever, so an event tells nobody twice. A claim is a lease: a
dispatcher that dies loses it after `LEASE`. An unknown outcome (a timeout) is sent again only if the row says it may be
(`resend_unknown`: statutory notices, never marketing, never money or airtime).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import Instant, Json, insert, metadata
from core.house import House

CODE, PROMPT, NOTICE, CAMPAIGN = 0, 1, 5, 9
"""Priorities: one-time codes before payment prompts before notices before campaigns."""
LEASE = timedelta(minutes=2)
BACK_OFF_SECONDS = (5, 30, 120, 600, 3600, 14_400)
"""After the last of these a row is a dead letter, for a person to look at and replay."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # notice, reply, push, airtime, campaign, code
    Column("template", Text, nullable=False),  # a catalogue key: notice.ready, reply.text
    Column("channel", Text),  # None: the contact's own choice when it is claimed
    Column("contact_id", BigInteger),
    Column("account_id", BigInteger),
    Column("subject_id", BigInteger),  # the invoice, attempt, ticket or redemption it speaks of
    Column("params", Json, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("resend_unknown", Boolean, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, claimed, sent, delivered, failed, dropped, unknown, dead
    Column("attempts", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("provider_ref", Text),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index("ix_outbox_due", "state", "priority", "not_before", "id"),
    Index("ix_outbox_provider_ref", "provider_ref"),
    Index("ix_outbox_account", "account_id", "created_at"),
    Index("ix_outbox_contact", "contact_id", "created_at"),
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A claimed row: what is to be rendered and sent."""

    id: int
    key: str
    kind: str
    template: str
    channel: str | None
    contact_id: int | None
    account_id: int | None
    subject_id: int | None
    params: dict[str, Any]
    attempts: int
    resend_unknown: bool


async def enqueue(
    conn: AsyncConnection,
    house: House,
    *,
    key: str,
    kind: str,
    template: str,
    params: dict[str, Any] | None = None,
    channel: str | None = None,
    contact_id: int | None = None,
    account_id: int | None = None,
    subject_id: int | None = None,
    priority: int = NOTICE,
    resend_unknown: bool = False,
    not_before: datetime | None = None,
) -> bool:
    """Let one thing leave; False if this `key` has left (or waits) already. `params` must hold no secret."""
    now = house.clock.now()
    row = {
        "id": house.ids.take(), "key": key, "kind": kind, "template": template, "params": params or {},
        "channel": channel, "contact_id": contact_id, "account_id": account_id, "subject_id": subject_id,
        "priority": priority, "resend_unknown": resend_unknown, "not_before": not_before or now,
        "state": "waiting", "attempts": 0, "created_at": now,
    }  # fmt: skip
    result = await conn.execute(insert(conn, outbox).values(row).on_conflict_do_nothing(index_elements=["key"]))
    return result.rowcount == 1


_LEAVING = [outbox.c[name] for name in Leaving.__dataclass_fields__]


async def claim(conn: AsyncConnection, now: datetime, worker: str, limit: int) -> list[Leaving]:
    """Lease up to `limit` due rows (also those whose lease ran out), most urgent first; no two workers get the same row."""
    due = (
        select(outbox.c.id)
        .where(
            (outbox.c.state == "waiting") & (outbox.c.not_before <= now)
            | (outbox.c.state == "claimed") & (outbox.c.claimed_until < now)
        )
        .order_by(outbox.c.priority, outbox.c.not_before, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(due.scalar_subquery()))
        .values(state="claimed", claimed_by=worker, claimed_until=now + LEASE, attempts=outbox.c.attempts + 1)
        .returning(outbox.c.priority, *_LEAVING)
    )
    rows = (await conn.execute(statement)).all()
    return [Leaving(*row[1:]) for row in sorted(rows, key=lambda row: (row[0], row[1]))]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one claimed row."""

    id: int
    state: str
    """sent, dropped (no longer true), failed (refused for good), unknown, or waiting (try again later)."""
    provider_ref: str | None = None
    reason: str | None = None
    attempts: int = 1


async def settle(conn: AsyncConnection, now: datetime, outcomes: Sequence[Outcome]) -> None:
    """Write what became of the rows of a batch; a row to be tried again gets its back-off, and after the last one is dead."""
    if not outcomes:
        return
    statement = (
        update(outbox)
        .where(outbox.c.id == bindparam("row_id"))
        .values(
            state=bindparam("new_state"), provider_ref=bindparam("ref"), reason=bindparam("why"),
            not_before=bindparam("again_at"), settled_at=bindparam("settled"), claimed_until=None,
        )
    )  # fmt: skip
    await conn.execute(statement, [_settled(now, outcome) for outcome in outcomes])


def _settled(now: datetime, outcome: Outcome) -> dict[str, Any]:
    state, again_at = outcome.state, now
    if state == "waiting":
        tries = outcome.attempts - 1
        state = "dead" if tries >= len(BACK_OFF_SECONDS) else "waiting"
        again_at = now + timedelta(seconds=BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
    return {
        "row_id": outcome.id, "new_state": state, "ref": outcome.provider_ref, "why": outcome.reason,
        "again_at": again_at, "settled": None if state == "waiting" else now,
    }  # fmt: skip


async def replay(conn: AsyncConnection, now: datetime, ids: Sequence[int]) -> int:
    """Send dead letters again, from the first try; how many there were."""
    statement = (
        update(outbox)
        .where(outbox.c.id.in_(ids), outbox.c.state == "dead")
        .values(state="waiting", attempts=0, not_before=now, reason=None, settled_at=None)
    )
    return (await conn.execute(statement)).rowcount


async def waiting(conn: AsyncConnection) -> dict[str, int]:
    """How many rows are in each state: for `/metrics` and the day page."""
    rows = await conn.execute(text("SELECT state, count(*) FROM outbox GROUP BY state"))
    return {row.state: row[1] for row in rows}
