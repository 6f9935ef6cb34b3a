"""What providers report of the messages we sent, whatever the order and however often they say it.

A final state never goes back. A report may overtake our own note of the provider's reference: then it is kept here, and settled
with the next batch that leaves.
"""

from datetime import datetime

from sqlalchemy import Column, Table, Text, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import Instant, insert, metadata
from core.message import Delivery
from core.outbox import outbox

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


async def catch_up(conn: AsyncConnection) -> int:
    """Settle the messages whose report came before we had written their reference down; how many."""
    early = early_report.c
    its = early.provider_ref == outbox.c.provider_ref
    changed = await conn.execute(
        update(outbox)
        .where(outbox.c.state.in_(OPEN), exists(select(early.state).where(its)))
        .values(
            state=select(early.state).where(its).scalar_subquery(),
            reason=select(early.reason).where(its).scalar_subquery(),
            settled_at=select(early.at).where(its).scalar_subquery(),
        )
    )
    if changed.rowcount:
        await conn.execute(delete(early_report).where(exists(select(outbox.c.id).where(its))))
    return changed.rowcount


async def _known(conn: AsyncConnection, ref: str) -> bool:
    return (await conn.execute(select(outbox.c.id).where(outbox.c.provider_ref == ref).limit(1))).first() is not None


async def _on_its_way(conn: AsyncConnection, told: Delivery) -> bool:
    """`sent`: an answer we never got (a timeout) is now known to have been a yes."""
    if told.state != "sent":
        return False
    moved = update(outbox).where(outbox.c.provider_ref == told.provider_ref, outbox.c.state == "unknown")
    return (await conn.execute(moved.values(state="sent"))).rowcount > 0
