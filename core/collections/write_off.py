"""Debt that will not come is written off, with another person's agreement; money that comes after all brings it back first.

Written off is what is overdue and neither contested nor arranged when it is granted, at most what was asked for: a journal to `bad_debt`
and a lower open item. The customer still owes it by law, so a later payment that has nothing else to pay re-opens it and pays it.
"""

from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.approvals import decide as approvals
from core.approvals.model import Approval
from core.audit import trail
from core.collections import queries
from core.collections.tables import write_off
from core.context import Context
from core.errors import Refused
from core.ledger import open_items
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.parties.tables import account


async def ask(conn: AsyncConnection, context: Context, account_id: int, *, reason: str, actor: str) -> int:
    """Ask to write off what is overdue of an account; the approval's id. `Refused` where nothing can be."""
    items = await _free(conn, context, account_id)
    if not items:
        raise Refused("collections.write_off.nothing")
    found = select(account.c.number, account.c.branch_id).where(account.c.id == account_id)
    row = (await conn.execute(found)).one()
    total = sum(minor for _, minor in items)
    payload = {
        "account": row.number,
        "amount": money.plain(total, context.currency),
        "currency": context.currency,
        "reason": reason,
        "bills": {str(invoice_id): minor for invoice_id, minor in items},
    }
    return await approvals.ask(
        conn,
        context,
        kind="write_off",
        subject=f"account:{account_id}",
        payload=payload,
        maker=actor,
        branch_id=row.branch_id,
    )


async def _free(conn: AsyncConnection, context: Context, account_id: int) -> list[tuple[int, int]]:
    """(invoice, minor units) overdue, undisputed and not arranged; the rows held, in the order of their ids."""
    covered = await queries.covered(conn, [account_id])
    free = open_item.c.open_minor - open_item.c.disputed_minor
    query = select(open_item.c.invoice_id, free.label("free")).where(
        open_item.c.account_id == account_id, open_item.c.due_on < context.today(), free > 0
    )
    rows = await conn.execute(query.order_by(open_item.c.invoice_id).with_for_update())
    left = [(row.invoice_id, row.free - covered.get(row.invoice_id, 0)) for row in rows]
    return [(invoice_id, minor) for invoice_id, minor in left if minor > 0]


async def granted(conn: AsyncConnection, context: Context, found: Approval) -> int:
    """Write it off: minor units, at most what was asked for and what is still open."""
    account_id, question = int(found.subject.partition(":")[2]), found.payload["bills"]
    total = 0
    for invoice_id, free in await _free(conn, context, account_id):
        minor = min(free, int(question.get(str(invoice_id), 0)))
        if minor > 0:
            await _one(conn, context, found, account_id, invoice_id, minor)
            total += minor
    await trail.note(conn, context, found.maker, "account.written_off", f"account:{account_id}", minor=total)
    return total


async def _one(
    conn: AsyncConnection, context: Context, found: Approval, account_id: int, invoice_id: int, minor: int
) -> None:
    posting = Posting(receivable(account_id), Book("bad_debt"), minor, context.currency, "written off")
    key = f"write_off:{found.id}:{invoice_id}"
    if not await post(conn, context, key=key, kind="write_off", booked_on=context.today(), postings=[posting]):
        raise RuntimeError(f"{key} is posted already")
    await open_items.write_down(conn, invoice_id, minor)
    await conn.execute(
        insert(write_off).values(
            id=context.ids.take(),
            approval_id=found.id,
            account_id=account_id,
            invoice_id=invoice_id,
            amount_minor=minor,
            recovered_minor=0,
            at=context.clock.now(),
        )
    )


async def recover(conn: AsyncConnection, context: Context, account_id: int, minor: int, key: str) -> int:
    """Money came: what it does not need for open debt brings back what was written off, the oldest first; minor units re-opened."""
    query = select(write_off).where(
        write_off.c.account_id == account_id, write_off.c.recovered_minor < write_off.c.amount_minor
    )
    rows: list[Row[Any]] = list(await conn.execute(query.order_by(write_off.c.id).with_for_update()))
    if not rows:
        return 0
    free = open_item.c.open_minor - open_item.c.disputed_minor
    owed = select(free).where(open_item.c.account_id == account_id, free > 0).order_by(open_item.c.invoice_id)
    spare = minor - sum((await conn.execute(owed.with_for_update())).scalars())
    back = 0
    for row in rows:
        part = min(spare - back, row.amount_minor - row.recovered_minor)
        if part > 0:
            await _bring_back(conn, context, row, part, key)
            back += part
    return back


async def _bring_back(conn: AsyncConnection, context: Context, row: Row[Any], part: int, key: str) -> None:
    posting = Posting(Book("bad_debt"), receivable(row.account_id), part, context.currency, "recovered")
    await post(
        conn, context, key=f"recovered:{row.id}:{key}", kind="recovery", booked_on=context.today(), postings=[posting]
    )
    await open_items.write_down(conn, row.invoice_id, -part)
    changed = update(write_off).where(write_off.c.id == row.id)
    await conn.execute(changed.values(recovered_minor=write_off.c.recovered_minor + part))
