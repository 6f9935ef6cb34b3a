"""Closes a run: proves lines = invoices = postings and that every due cycle is final or parked; else the run stays open, and says why."""

from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.cycles import count
from core.billing.model import Parked, RunReport
from core.billing.run import run_row
from core.billing.run.value_estimate import Unbilled, stakes
from core.billing.tables import bill_run, cycle, invoice
from core.billing.verify import proof
from core.context import App, Context
from core.parties.tables import account


async def close_all(app: App, on: date) -> list[str]:
    """Close the run of `on` and any earlier one that was left open; the problems that keep it open."""
    problems: list[str] = []
    async with app.db.writing() as conn:
        for state in ("open", "built"):
            if left := await count(conn, state, on):
                problems.append(f"{left} cycles that close on or before {on} are still {state}: run it again")
        for run_id, run_date in await run_row.unclosed(conn, on):
            match = await proof(conn, run_id)
            problems += [f"run {run_date}: {problem}" for problem in match]
            if not problems:
                await _close(conn, app, run_id, run_date)
    return problems


async def _close(conn: AsyncConnection, context: Context, run_id: int, run_date: date) -> None:
    invoices = select(func.count(), func.coalesce(func.sum(invoice.c.total_minor), 0)).where(invoice.c.run_id == run_id)
    accounts, total = (await conn.execute(invoices)).one()
    parked = await count(conn, "parked", run_date)
    closed = (
        update(bill_run)
        .where(bill_run.c.id == run_id)
        .values(
            state=run_row.CLOSED,
            accounts=accounts,
            parked=parked,
            total_minor=int(total),
            closed_at=context.clock.now(),
        )
    )
    await conn.execute(closed)


async def report(
    conn: AsyncConnection,
    context: Context,
    on: date,
    *,
    built: int = 0,
    finalised: int = 0,
    problems: list[str] | None = None,
) -> RunReport:
    """Where the run of `on` stands."""
    run = (await conn.execute(select(bill_run).where(bill_run.c.run_date == on))).first()
    run_id = run.id if run else 0
    sums = select(func.count(), func.coalesce(func.sum(invoice.c.total_minor), 0)).where(invoice.c.run_id == run_id)
    accounts, total = (await conn.execute(sums)).one()
    state = run.state if run else run_row.BUILDING
    parked = tuple(await parked_cycles(conn, on))
    return RunReport(on, state, built, finalised, accounts, int(total), context.currency, parked, tuple(problems or ()))


async def parked_cycles(conn: AsyncConnection, on: date) -> list[Parked]:
    """Who is parked, why, and about how much that is: the oldest first."""
    query = (
        select(
            cycle.c.account_id,
            account.c.number,
            cycle.c.from_date,
            cycle.c.to_date,
            cycle.c.reason,
            account.c.segment,
            account.c.currency,
        )
        .join_from(cycle, account, account.c.id == cycle.c.account_id)
        .where(cycle.c.state == "parked", cycle.c.to_date <= on)
        .order_by(cycle.c.to_date, account.c.number)
    )
    rows = (await conn.execute(query)).all()
    money = await stakes(conn, [Unbilled(row[0], row[5], row[6], row[2], row[3]) for row in rows])
    return [Parked(*row[:5], minor) for row, minor in zip(rows, money, strict=True)]
