"""A receipt taken back, whole or in part (refund, charge-back, returned debit), perhaps weeks later: its own bills open again.

Only what this receipt paid is undone: first the credit it left, then the bills it paid last. What other receipts paid stays paid.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.ledger import open_items
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.payments import store
from core.payments.tables import allocation, receipt, reversal


async def reverse(
    conn: AsyncConnection,
    context: Context,
    receipt_id: int,
    *,
    key: str,
    kind: str,
    reason: str,
    amount_minor: int | None = None,
) -> bool:
    """Take a receipt (or `amount_minor` of it) back under the provider's `key`; False when nothing (more) is to be taken back."""
    taken = await held(conn, receipt_id)
    wanted = taken.amount_minor if amount_minor is None else amount_minor
    amount = min(wanted, taken.amount_minor - taken.reversed_minor)
    if amount <= 0 or not await noted(
        conn, context, receipt_id, key=key, kind=kind, amount_minor=amount, reason=reason
    ):
        return False
    back_to = receivable(taken.account_id) if taken.account_id else Book("suspense")
    posting = Posting(Book(f"cash:{taken.provider}"), back_to, amount, taken.currency, kind)
    await post(conn, context, key=f"reversal:{key}", kind="reversal", booked_on=context.today(), postings=[posting])
    await less(conn, context, taken, amount)
    return True


async def held(conn: AsyncConnection, receipt_id: int) -> Row[Any]:
    """The receipt, its row held."""
    return (await conn.execute(select(receipt).where(receipt.c.id == receipt_id).with_for_update())).one()


async def noted(
    conn: AsyncConnection, context: Context, receipt_id: int, *, key: str, kind: str, amount_minor: int, reason: str
) -> bool:
    """Write a reversal down; False when its key is known."""
    row = {
        "id": context.ids.take(),
        "receipt_id": receipt_id,
        "key": key,
        "kind": kind,
        "amount_minor": amount_minor,
        "reason": reason,
        "at": context.clock.now(),
        "booked_on": context.today(),
    }
    statement = insert(conn, reversal).values(row).on_conflict_do_nothing(index_elements=["key"])
    return (await conn.execute(statement)).rowcount == 1


async def less(conn: AsyncConnection, context: Context, taken: Row[Any], amount: int) -> None:
    """So much of a held receipt is gone: what it paid is undone as far."""
    await unapply(conn, context, taken.id, amount)
    gone = taken.reversed_minor + amount
    state = "reversed" if gone == taken.amount_minor else taken.state
    await store.change_receipt(conn, taken.id, reversed_minor=gone, state=state)


async def unapply(conn: AsyncConnection, context: Context, receipt_id: int, amount: int) -> None:
    """Take `amount` off what a receipt pays: its credit first, then its bills, the latest first, and last what it bought (units)."""
    paid = await shares_of(conn, receipt_id)
    items = select(open_item.c.invoice_id).where(open_item.c.invoice_id.in_([one for one, _ in paid if one]))
    bills = set((await conn.execute(items.order_by(open_item.c.invoice_id).with_for_update())).scalars())
    shares = undone(paid, amount, bills)
    opened = [(one, -minor) for one, minor in shares if one in bills]
    await open_items.pay(conn, [(one, minor) for one, minor in opened if one is not None], context.today())
    await store.allot(conn, context, [(receipt_id, invoice_id, -minor) for invoice_id, minor in shares])


async def shares_of(conn: AsyncConnection, receipt_id: int) -> list[tuple[int | None, int]]:
    """(invoice or None for credit, minor units) that a receipt pays now, in the order in which they were first paid."""
    total = func.sum(allocation.c.amount_minor)
    query = (
        select(allocation.c.invoice_id, total)
        .where(allocation.c.receipt_id == receipt_id)
        .group_by(allocation.c.invoice_id)
        .having(total > 0)
        .order_by(func.min(allocation.c.id))
    )
    return [(row[0], int(row[1])) for row in await conn.execute(query)]


async def spent(conn: AsyncConnection, receipt_id: int) -> int:
    """How much of a receipt bought something that cannot be given back (units for a prepaid meter)."""
    paid = [one for one in await shares_of(conn, receipt_id) if one[0] is not None]
    items = select(open_item.c.invoice_id).where(open_item.c.invoice_id.in_([one for one, _ in paid]))
    bills = set((await conn.execute(items)).scalars())
    return sum(minor for one, minor in paid if one not in bills)


def undone(
    shares: Sequence[tuple[int | None, int]], amount: int, bills: Collection[int]
) -> list[tuple[int | None, int]]:
    """Which shares give way to an `amount` that goes back. Money in suspense has none, and none gives way. Pure."""
    order = [one for one in shares if one[0] is None]
    order += [one for one in reversed(shares) if one[0] in bills]
    order += [one for one in shares if one[0] is not None and one[0] not in bills]
    left, parts = amount, []
    for invoice_id, minor in order:
        part = min(left, minor)
        if part:
            parts.append((invoice_id, part))
            left -= part
    return parts
