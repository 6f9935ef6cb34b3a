"""Money that paid for what turned out not to be owed: it leaves its bill and is credit again, the newest receipt first."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.payments import store
from core.payments.store import Share
from core.payments.tables import allocation


async def to_credit(conn: AsyncConnection, context: Context, invoice_id: int, amount_minor: int) -> int:
    """Move up to `amount_minor` of what receipts paid on a bill back to credit; how much that was.

    The caller holds the bill's open item and has lowered it already: what is open does not change here.
    """
    paid = func.sum(allocation.c.amount_minor)
    query = select(allocation.c.receipt_id, paid).where(allocation.c.invoice_id == invoice_id)
    query = query.group_by(allocation.c.receipt_id).having(paid > 0).order_by(allocation.c.receipt_id.desc())
    rows: list[Share] = []
    wanted = amount_minor
    for receipt_id, minor in (await conn.execute(query)).all():
        moved = min(wanted, int(minor))
        if moved > 0:
            rows += [(receipt_id, invoice_id, -moved), (receipt_id, None, moved)]
            wanted -= moved
    if rows:
        await store.allot(conn, context, rows)
    return amount_minor - wanted
