"""One day matched three ways, as often as wanted: what differs is written down, what has come right is cleared.

What a person explained stays explained. Days are matched again for as long as money may still come, so that late becomes matched or
missing by itself (`run_recent`, a job).
"""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db.engine import insert
from core.payments.desk.tables import drawer
from core.payments.reconcile import bank, load
from core.payments.reconcile.model import Difference, compare
from core.payments.reconcile.tables import difference

OPEN = ("late", "open")


async def run(conn: AsyncConnection, context: Context, on: date) -> int:
    """Match the day; how many differences of it are open (late ones not counted)."""
    policy, today = context.operator.reconcile, context.today()
    found = compare(
        await load.ours(conn, on),
        await load.lines(conn, on),
        today=today,
        grace=timedelta(days=policy.grace_days),
        reported_until=await load.reported_until(conn),
    )
    found += await bank.match(conn, context, on)
    found += await _drawers(conn, context, on)
    of_day = {one.key: one for one in found if one.day == on}
    await _write(conn, context, of_day)
    await _clear(conn, context, on, of_day)
    return sum(1 for one in of_day.values() if not one.late)


async def run_recent(app: App) -> int:
    """Match every day on which money may still come; how many differences are open."""
    days = max(app.operator.reconcile.grace_days, app.operator.reconcile.payout_days) + 3
    total = 0
    for back in range(days, -1, -1):
        async with app.db.writing() as conn:
            total += await run(conn, app, app.today() - timedelta(days=back))
    return total


async def _drawers(conn: AsyncConnection, context: Context, on: date) -> list[Difference]:
    query = select(drawer).where(drawer.c.opened_on == on, drawer.c.state != "closed")
    return [
        Difference("drawer_open", "cash", str(row.id), 0, on, branch_id=row.branch_id)
        for row in await conn.execute(query.order_by(drawer.c.id))
    ]


async def _write(conn: AsyncConnection, context: Context, found: Mapping[str, Difference]) -> None:
    now = context.clock.now()
    for one in found.values():
        row = {
            "id": context.ids.take(),
            "key": one.key,
            "day": one.day,
            "kind": one.kind,
            "provider": one.provider,
            "branch_id": one.branch_id,
            "about": one.about,
            "amount_minor": one.amount_minor,
            "currency": context.currency,
            "state": "late" if one.late else "open",
            "found_at": now,
            "note": one.note,
        }
        state = {"state": row["state"], "amount_minor": one.amount_minor, "settled_at": None}
        statement = insert(conn, difference).values(row)
        seen_again = difference.c.state.in_((*OPEN, "cleared")) | (difference.c.amount_minor != one.amount_minor)
        await conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=state, where=seen_again))


async def _clear(conn: AsyncConnection, context: Context, on: date, found: Mapping[str, Difference]) -> None:
    """What was open and is not any more has come right by itself."""
    query = select(difference.c.id, difference.c.key).where(
        difference.c.day == on, difference.c.state.in_((*OPEN, "asked"))
    )
    over = [row.id for row in await conn.execute(query) if row.key not in found]
    if over:
        gone = update(difference).where(difference.c.id.in_(over))
        await conn.execute(gone.values(state="cleared", settled_at=context.clock.now()))
