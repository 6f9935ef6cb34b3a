"""The second pass: built cycles become final bills. Number, postings, open item and what follows commit together, per partition.

A row is never touched one by one: a few integers per bill are staged, and set statements do the rest. What follows from a final bill
(credit, collection, the notice) is the caller's `then`, in the same transaction.
"""

from datetime import date
from typing import Any

from sqlalchemy import func, literal, null, select, update
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.cycles import count, due_dates
from core.billing.due import due_on
from core.billing.facts import Finalised
from core.billing.model import SERIES, FinalBill
from core.billing.run import run_row
from core.billing.run.draft import Progress
from core.billing.run.staging import closing, fresh
from core.billing.tables import cycle, invoice
from core.context import App, Context
from core.db import failpoints
from core.db.engine import Instant
from core.ledger import number, open_items
from core.ledger.post_set import SetJournals, SetLeg, ids_needed, post_set
from core.ledger.tables import balance, ledger_account

LEGS = 4


async def finalise_all(app: App, on: date, *, progress: Progress | None, size: int) -> int:
    """Make every built bill that closed on or before `on` final; how many."""
    run_id = await run_row.run_of(app, on)
    done = 0
    while True:
        async with app.db.reading() as conn:
            dates = await due_dates(conn, "built", on)
            built = done + await count(conn, "built", on) if progress else 0
        if not dates:
            return done
        result = await _partition(app, run_id, on, dates[0], size=size)
        if not result and await _stuck(app, dates[0]):
            raise RuntimeError(
                f"cycles that close on {dates[0]} are built, but their invoices are gone: `hodi db verify`"
            )
        failpoints.point("billing.finalised")
        done += result
        if progress:
            progress(done, built)


async def _stuck(app: App, to_date: date) -> bool:
    """Whether built cycles are left that no partition can take (else another run was quicker)."""
    async with app.db.reading() as conn:
        return to_date in await due_dates(conn, "built", to_date)


async def _partition(app: App, run_id: int, on: date, to_date: date, *, size: int) -> int:
    """One transaction: the next bills of one closing day."""
    first_id = await app.db.id_block(ids_needed(size, LEGS))
    await app.db.reserve_ids(4 * size + 1_000)
    async with app.db.writing() as conn:
        await run_row.lock(conn, run_id, run_row.FINALISING)
        staged, currency = await _stage(conn, to_date, size)
        if not staged:
            return 0
        await _before(conn, currency)
        await _post(conn, app, on, currency, first_id)
        bills = await _seal_bills(conn, app, on, staged)
        failpoints.point("billing.numbered")
        await app.happened(conn, (Finalised(tuple(bills)),))
    return staged


async def _stage(conn: AsyncConnection, to_date: date, size: int) -> tuple[int, str]:
    """Stage the next built bills, all in one currency, their cycles locked in the order of accounts."""
    await fresh(conn, closing)
    built = (cycle.c.state == "built") & (cycle.c.to_date == to_date)
    chosen = (
        select(cycle.c.id, cycle.c.account_id, cycle.c.invoice_id)
        .where(built)
        .order_by(cycle.c.account_id)
        .limit(size)
        .with_for_update()
        .subquery()
    )
    n = func.row_number().over(order_by=chosen.c.account_id) - 1
    amounts = (invoice.c.total_minor, invoice.c.tax_minor, invoice.c.rounding_minor, invoice.c.reward_minor)
    rows = select(n, chosen.c.id, chosen.c.invoice_id, chosen.c.account_id, *amounts, literal(0), null())
    rows = rows.join_from(chosen, invoice, invoice.c.id == chosen.c.invoice_id)
    first = select(invoice.c.currency).join_from(cycle, invoice, invoice.c.id == cycle.c.invoice_id).where(built)
    currency = (await conn.execute(first.order_by(cycle.c.account_id).limit(1))).scalar_one_or_none()
    if currency is None:
        return 0, ""
    rows = rows.where(invoice.c.currency == currency)
    await conn.execute(sql_insert(closing).from_select(list(closing.c.keys()), rows))
    return int((await conn.execute(select(func.count()).select_from(closing))).scalar_one()), currency


async def _before(conn: AsyncConnection, currency: str) -> None:
    """What each account owed (or had to its credit) just before."""
    held = (
        select(balance.c.amount)
        .join_from(ledger_account, balance, balance.c.ledger_account_id == ledger_account.c.id)
        .where(
            ledger_account.c.code == "receivable",
            ledger_account.c.owner_id == closing.c.account_id,
            ledger_account.c.asset == currency,
        )
        .scalar_subquery()
    )
    await conn.execute(update(closing).values(before_minor=func.coalesce(held, 0)))


async def _post(conn: AsyncConnection, context: Context, on: date, currency: str, first_id: int) -> None:
    """The journals `invoice:<id>`: revenue, tax, rounding and rewards against what the customer owes."""
    staged = closing.c
    net = staged.total_minor - staged.tax_minor - staged.rounding_minor - staged.reward_minor
    legs = (
        SetLeg("revenue", net, "revenue"),
        SetLeg("tax", staged.tax_minor, "tax"),
        SetLeg("rounding", staged.rounding_minor, "rounding"),
        SetLeg("rewards_cost", staged.reward_minor, "reward units"),
    )
    journals = SetJournals(
        closing,
        staged.n,
        staged.account_id,
        staged.invoice_id,
        staged.book_id,
        legs,
        kind="invoice",
        book="receivable",
        asset=currency,
        booked_on=on,
        first_id=first_id,
    )
    await post_set(conn, context, journals)


async def _seal_bills(conn: AsyncConnection, context: Context, on: date, bills: int) -> list[FinalBill]:
    """Open items first, then the numbers: their row is the last lock taken."""
    due = due_on(context, on)
    await open_items.open_many(
        conn,
        closing,
        invoice_id=closing.c.invoice_id,
        account_id=closing.c.account_id,
        total_minor=closing.c.total_minor,
        due_on=due,
        on=on,
    )
    final = update(cycle).where(cycle.c.id.in_(select(closing.c.cycle_id)))
    await conn.execute(final.values(state="final"))
    first = await number.take(conn, SERIES, bills)
    values: dict[str, Any] = {
        "state": "final",
        "number": number.written(context.operator.billing.number_prefix, closing.c.n + first),
        "issued_on": on,
        "due_on": due,
        "before_minor": closing.c.before_minor,
        "finalised_at": literal(context.clock.now(), Instant()),
    }
    await conn.execute(update(invoice).where(invoice.c.id == closing.c.invoice_id).values(**values))
    return await _final_bills(conn)


async def _final_bills(conn: AsyncConnection) -> list[FinalBill]:
    columns = [invoice.c[name] for name in ("id", "account_id", "number", "token", "total_minor", "currency", "due_on")]
    query = select(*columns, closing.c.before_minor, closing.c.reward_minor)
    query = query.join_from(closing, invoice, invoice.c.id == closing.c.invoice_id).order_by(closing.c.n)
    rows = (await conn.execute(query)).all()
    return [FinalBill(*row[:7], left_to_pay(row[4], row[7]), row[7], row[8]) for row in rows]


def left_to_pay(total_minor: int, before_minor: int) -> int:
    """What is left of a bill once the credit they had (a balance below zero) is taken off."""
    return max(0, total_minor + min(before_minor, 0))
