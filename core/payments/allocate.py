"""Which bills a receipt pays, and how credit pays new bills. The rule is `model.split`; this is load, decide, save.

The ledger already holds the money when this runs: a bill being finalised for the same account and a receipt wait for each other at
the account's balance, so neither misses the other.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.in_list import in_list
from core.ledger import open_items
from core.ledger.tables import open_item
from core.payments import queries, store
from core.payments.model import ClosedBill, ReceiptAllocation, split
from core.payments.store import Share
from core.payments.tables import allocation, attempt, payment_request
from core.payments.tables import receipt as receipts


async def receipt(
    conn: AsyncConnection, context: Context, receipt_id: int, *, beside: tuple[int, int] | None = None
) -> ReceiptAllocation | None:
    """Allocate a placed receipt; None when it waits in suspense or was allocated before.

    `beside`: (what for, minor units) that pays no bill and is no credit (units for a prepaid meter).
    """
    row = (await conn.execute(select(receipts).where(receipts.c.id == receipt_id))).one()
    done = select(func.sum(allocation.c.amount_minor)).where(allocation.c.receipt_id == receipt_id)
    left = row.amount_minor - row.reversed_minor - ((await conn.execute(done)).scalar_one() or 0)
    if row.account_id is None or row.state != "placed" or not left:
        return None
    debts = await queries.debts(conn, row.account_id, lock=True)
    kept = [beside] if beside else []
    cut = split(left - sum(minor for _, minor in kept), debts, await _named(conn, row.attempt_id))
    rows: list[Share] = [(receipt_id, *part) for part in (*kept, *cut.parts)]
    if cut.credit_minor:
        rows.append((receipt_id, None, cut.credit_minor))
    await store.allot(conn, context, rows)
    await open_items.pay(conn, cut.parts, context.today())
    paid = dict(cut.parts)
    closed = [debt.invoice_id for debt in debts if paid.get(debt.invoice_id) == debt.open_minor]
    return ReceiptAllocation(
        row.account_id, cut.parts, await _bills(conn, closed, row.currency), cut.credit_minor, row.received_at
    )


async def _named(conn: AsyncConnection, attempt_id: int | None) -> int | None:
    """The invoice the payer meant: the one of the link or collection she paid by."""
    if attempt_id is None:
        return None
    query = (
        select(payment_request.c.invoice_id)
        .join_from(attempt, payment_request, attempt.c.request_id == payment_request.c.id)
        .where(attempt.c.id == attempt_id)
    )
    return (await conn.execute(query)).scalar_one_or_none()


async def _bills(conn: AsyncConnection, invoice_ids: Sequence[int], currency: str) -> tuple[ClosedBill, ...]:
    if not invoice_ids:
        return ()
    query = (
        select(open_item.c.invoice_id, open_item.c.account_id, open_item.c.total_minor, open_item.c.due_on)
        .where(open_item.c.invoice_id.in_(invoice_ids))
        .order_by(open_item.c.invoice_id)
    )
    rows = await conn.execute(query)
    return tuple(ClosedBill(row.invoice_id, row.account_id, row.total_minor, currency, row.due_on) for row in rows)


class BillToPay(Protocol):
    """A bill that was just made final."""

    @property
    def invoice_id(self) -> int:
        """Its id."""

    @property
    def account_id(self) -> int:
        """Whose it is."""


async def apply_credit(conn: AsyncConnection, context: Context, bills: Sequence[BillToPay]) -> dict[int, int]:
    """Let credit pay new bills, oldest credit first: invoice id -> minor units paid (bills without credit are left out).

    Takes two ids per bill and receipt that meet; a caller with more than 500 of them reserves ids before `writing()`.
    """
    used: dict[int, int] = {}
    rows: list[Share] = []
    held = await _credits(conn, {bill.account_id for bill in bills})
    if held:
        holders = [bill.invoice_id for bill in bills if bill.account_id in held]
        _use(held, await _open_of(conn, holders), used, rows)
    if rows:
        await store.allot(conn, context, rows)
        await open_items.pay(conn, used.items(), context.today())
    return used


async def _credits(conn: AsyncConnection, account_ids: set[int]) -> dict[int, deque[list[int]]]:
    """Account -> [receipt, credit left], oldest first."""
    found: dict[int, deque[list[int]]] = defaultdict(deque)
    for row in await queries.unallocated(conn, sorted(account_ids)):
        found[row[0]].append([row[1], int(row[2])])
    return dict(found)


async def _open_of(conn: AsyncConnection, invoice_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """(invoice, account, payable) by invoice id, the rows held."""
    query = (
        select(open_item.c.invoice_id, open_item.c.account_id, open_item.c.open_minor - open_item.c.disputed_minor)
        .where(in_list(conn, open_item.c.invoice_id, invoice_ids))
        .order_by(open_item.c.invoice_id)
        .with_for_update()
    )
    return [(row[0], row[1], row[2]) for row in await conn.execute(query)]


def _use(
    held: dict[int, deque[list[int]]],
    opened: Sequence[tuple[int, int, int]],
    used: dict[int, int],
    rows: list[Share],
) -> None:
    """Move credit onto bills: each move is two allocations, one off the credit and one onto the bill."""
    for invoice_id, account_id, payable in opened:
        queue, wanted = held.get(account_id, deque()), payable
        while wanted > 0 and queue:
            receipt_id, left = queue[0]
            moved = min(wanted, left)
            rows += [(receipt_id, None, -moved), (receipt_id, invoice_id, moved)]
            used[invoice_id] = used.get(invoice_id, 0) + moved
            wanted -= moved
            queue[0][1] -= moved
            if not queue[0][1]:
                queue.popleft()
