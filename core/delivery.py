"""What providers report of the messages we sent, whatever the order and however often they say it.

A final state never goes back. A report may overtake our own note of the provider's reference: then it is kept here, and settled
with the next batch that leaves.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Column, Table, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import Instant, insert, metadata
from core.message import Delivery
from core.outbox import outbox
from core.sets import among

early_report = Table(
    "early_report",
    metadata,
    Column("provider_ref", Text, primary_key=True),
    Column("state", Text, nullable=False),  # delivered, failed
    Column("reason", Text),
    Column("at", Instant, nullable=False),
)

OPEN = ("sent", "unknown")
"""States of a row that a report may still change."""
FINAL = {"delivered": "delivered", "read": "delivered", "failed": "failed"}


async def report(conn: AsyncConnection, now: datetime, told: Delivery) -> bool:
    """Take in one report; whether a message of ours changed by it."""
    state = FINAL.get(told.state)
    if state is None:
        return await _known(conn, told.provider_ref) and await _on_its_way(conn, told)
    changed = await conn.execute(
        update(outbox)
        .where(outbox.c.provider_ref == told.provider_ref, outbox.c.state.in_(OPEN))
        .values(state=state, reason=told.reason, settled_at=now)
    )
    if changed.rowcount or await _known(conn, told.provider_ref):
        return changed.rowcount > 0
    row = {"provider_ref": told.provider_ref, "state": state, "reason": told.reason, "at": now}
    await conn.execute(insert(conn, early_report).values(row).on_conflict_do_nothing(index_elements=["provider_ref"]))
    return False


async def catch_up(conn: AsyncConnection, refs: Collection[str]) -> int:
    """Settle the messages of these references whose report came before we had written them down; how many. One look-up by key for
    a whole wave: early reports are rare, and the outbox is long."""
    early = early_report.c
    its = early.provider_ref == outbox.c.provider_ref
    found = (
        (await conn.execute(select(early.provider_ref).where(among(conn, early.provider_ref, refs)))).scalars().all()
    )
    if not found:
        return 0
    changed = await conn.execute(
        update(outbox)
        .where(among(conn, outbox.c.provider_ref, found), outbox.c.state.in_(OPEN))
        .values(
            state=select(early.state).where(its).scalar_subquery(),
            reason=select(early.reason).where(its).scalar_subquery(),
            settled_at=select(early.at).where(its).scalar_subquery(),
        )
    )
    await conn.execute(delete(early_report).where(among(conn, early.provider_ref, found)))
    return changed.rowcount


async def _known(conn: AsyncConnection, ref: str) -> bool:
    return (await conn.execute(select(outbox.c.id).where(outbox.c.provider_ref == ref).limit(1))).first() is not None


async def _on_its_way(conn: AsyncConnection, told: Delivery) -> bool:
    """`sent`: an answer we never got (a timeout) is now known to have been a yes."""
    if told.state != "sent":
        return False
    moved = update(outbox).where(outbox.c.provider_ref == told.provider_ref, outbox.c.state == "unknown")
    return (await conn.execute(moved.values(state="sent"))).rowcount > 0
