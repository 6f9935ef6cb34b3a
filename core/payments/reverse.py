"""A receipt taken back (refund, charge-back, returned debit), perhaps weeks later: it re-opens exactly the bills it had paid.

The whole receipt goes back: each of its allocations is answered by its negative, so what other receipts paid stays paid.
"""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db import insert
from core.house import House
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.tables import open_item
from core.payments import store
from core.payments.tables import allocation, receipt, reversal


async def reverse(conn: AsyncConnection, house: House, receipt_id: int, *, key: str, kind: str, reason: str) -> bool:
    """Take a receipt back under the provider's `key`; False when it was taken back before."""
    taken = (await conn.execute(select(receipt).where(receipt.c.id == receipt_id).with_for_update())).one()
    row = {
        "id": house.ids.take(), "receipt_id": receipt_id, "key": key, "kind": kind,
        "amount_minor": taken.amount_minor, "reason": reason, "at": house.clock.now(),
    }  # fmt: skip
    statement = insert(conn, reversal).values(row).on_conflict_do_nothing(index_elements=["key"])
    if taken.state == "reversed" or (await conn.execute(statement)).rowcount != 1:
        return False
    back_to = receivable(taken.account_id) if taken.account_id else Book("suspense")
    posting = Posting(Book(f"cash:{taken.provider}"), back_to, taken.amount_minor, taken.currency, kind)
    await post(conn, house, key=f"reversal:{key}", kind="reversal", booked_on=house.today(), postings=[posting])
    await _reopen(conn, house, receipt_id)
    await store.change_receipt(conn, receipt_id, state="reversed")
    return True


async def _reopen(conn: AsyncConnection, house: House, receipt_id: int) -> None:
    query = select(allocation.c.id, allocation.c.invoice_id, allocation.c.amount_minor)
    rows = (await conn.execute(query.where(allocation.c.receipt_id == receipt_id).order_by(allocation.c.id))).all()
    back: Counter[int] = Counter()
    for row in rows:
        if row.invoice_id is not None:
            back[row.invoice_id] -= row.amount_minor
    held = select(open_item.c.invoice_id).where(open_item.c.invoice_id.in_(sorted(back)))
    await conn.execute(held.order_by(open_item.c.invoice_id).with_for_update())
    await store.pay_open_items(conn, back.items(), house.today())
    await store.allot(conn, house, [(receipt_id, row.invoice_id, -row.amount_minor, row.id) for row in rows])
