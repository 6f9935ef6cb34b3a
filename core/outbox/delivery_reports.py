"""What providers report of the messages we sent, whatever the order and however often they say it.

A final state never goes back. A message that failed for good goes the next way, if the customer has another and nobody named this one.
A report may overtake our own note of the provider's reference: then it is kept here, and settled with the next batch that leaves.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table, Text, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db.engine import Instant, Json, insert, metadata
from core.db.in_list import in_list
from core.message import Delivery
from core.outbox import costs
from core.outbox.costs import MessageCost
from core.outbox.queue import LEAVING, OutboxRow, outbox

early_report = Table(
    "early_report",
    metadata,
    Column("provider_ref", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),  # delivered, failed
    Column("reason", Text),
    Column("details", Json, nullable=False),  # what it cost, where the provider says so with the report
    Column("at", Instant, nullable=False),
)

OPEN = ("sent", "unknown")
"""States of a row that a report may still change."""
NOT_OURS = timedelta(days=7)
"""A report that waited so long for its message is about somebody else's (another system on the same number)."""
FINAL = {"delivered": "delivered", "read": "delivered", "failed": "failed"}


async def report(conn: AsyncConnection, context: Context, told: Delivery) -> bool:
    """Take in one report; whether a message of ours changed by it."""
    state, now = FINAL.get(told.state), context.clock.now()
    row = await _row(conn, told.provider_ref)
    if row is not None:
        if state is None:
            return await _on_its_way(conn, told)
        await _cost(conn, context, row.id, told.channel, state, told.details)
        return await _settle(conn, now, row, told.channel, state, told.reason)
    if state is not None:
        early = {
            "provider_ref": told.provider_ref,
            "channel": told.channel,
            "state": state,
            "reason": told.reason,
            "details": told.details,
            "at": now,
        }
        new = insert(conn, early_report).values(early)
        await conn.execute(new.on_conflict_do_nothing(index_elements=["provider_ref"]))
    return False


async def catch_up(conn: AsyncConnection, context: Context, refs: Collection[str]) -> int:
    """Settle the messages of these references whose report came before we had written them down; how many. One look-up by key for
    a whole wave: early reports are rare, and the outbox is long."""
    if not refs:
        return 0
    rows = (await conn.execute(select(early_report).where(in_list(conn, early_report.c.provider_ref, refs)))).all()
    if not rows:
        return 0
    changed = 0
    for early in rows:
        row = await _row(conn, early.provider_ref)
        if row is not None:
            await _cost(conn, context, row.id, early.channel, early.state, early.details)
            changed += await _settle(conn, early.at, row, early.channel, early.state, early.reason)
    known = [early.provider_ref for early in rows]
    await conn.execute(delete(early_report).where(in_list(conn, early_report.c.provider_ref, known)))
    return changed


async def forget(app: App) -> int:
    """Let go of the reports that are about no message of ours; how many."""
    async with app.db.writing() as conn:
        old = delete(early_report).where(early_report.c.at < app.clock.now() - NOT_OURS)
        return (await conn.execute(old)).rowcount


async def _row(conn: AsyncConnection, ref: str) -> OutboxRow | None:
    row = (await conn.execute(select(*LEAVING).where(outbox.c.provider_ref == ref).limit(1))).first()
    return None if row is None else OutboxRow(*row)


async def _settle(
    conn: AsyncConnection, at: datetime, row: OutboxRow, channel: str, state: str, reason: str | None
) -> bool:
    """The last word about a message; or, after a failure, the next way."""
    values: dict[str, Any] = {"state": state, "reason": reason, "settled_at": at}
    if state == "failed" and row.falls_back:
        tried = row.after(channel, reason or "failed")
        values = {
            "state": "waiting",
            "reason": reason,
            "tried": tried,
            "not_before": at,
            "attempts": 0,
        }
    this = update(outbox).where(outbox.c.id == row.id, outbox.c.state.in_(OPEN))
    return (await conn.execute(this.values(values))).rowcount > 0


async def _on_its_way(conn: AsyncConnection, told: Delivery) -> bool:
    """`sent`: an answer we never got (a timeout) is now known to have been a yes."""
    if told.state != "sent":
        return False
    moved = update(outbox).where(outbox.c.provider_ref == told.provider_ref, outbox.c.state == "unknown")
    return (await conn.execute(moved.values(state="sent"))).rowcount > 0


async def _cost(
    conn: AsyncConnection, context: Context, outbox_id: int, channel: str, state: str, details: Mapping[str, str]
) -> None:
    """WhatsApp tells with a status as what it charges a message; it charges those that arrived."""
    if state == "delivered" and (category := details.get("category")):
        free = details.get("billable") == "no"
        await costs.note(conn, context, [MessageCost(outbox_id, channel, None, category, free)])
