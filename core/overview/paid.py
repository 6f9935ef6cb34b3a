"""What payments paid: the parts of many receipts in one question."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.overview.listing import AnyRow
from core.payments.tables import allocation


async def paid_by(conn: AsyncConnection, receipt_ids: Sequence[int]) -> Mapping[int, Sequence[AnyRow]]:
    """Receipt id -> its parts (receipt_id, invoice_id or None for credit, number, amount_minor; negative: taken back)."""
    columns = (allocation.c.receipt_id, allocation.c.invoice_id, invoice.c.number, allocation.c.amount_minor)
    start = allocation.outerjoin(invoice, invoice.c.id == allocation.c.invoice_id)
    query = (
        select(*columns).select_from(start).where(allocation.c.receipt_id.in_(receipt_ids)).order_by(allocation.c.id)
    )
    parts: dict[int, list[AnyRow]] = defaultdict(list)
    for row in await conn.execute(query):
        parts[row.receipt_id].append(row)
    return parts
