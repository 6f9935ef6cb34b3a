"""What a credit note does to what is owed: it lowers what is open of its bills; what was paid beyond that is credit, and pays what else is open.

The caller holds the bills' open items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.ledger import open_items
from core.ledger.tables import open_item
from core.payments import allocate, overpaid


@dataclass(frozen=True, slots=True)
class _Open:
    invoice_id: int
    account_id: int


async def take_off(
    conn: AsyncConnection, context: Context, account_id: int, opened: Mapping[int, int], credited_minor: int
) -> None:
    """Take `credited_minor` off these bills of the account (invoice -> what is open of it), in their order."""
    rest = credited_minor
    for invoice_id, minor in opened.items():
        taken = min(minor, rest)
        if taken:
            await open_items.lower(conn, invoice_id, minor - taken, context.today())
        rest -= taken
    moved = 0
    for invoice_id in opened:
        if rest > moved:
            moved += await overpaid.to_credit(conn, context, invoice_id, rest - moved)
    if moved:
        await allocate.apply_credit(conn, context, await _others(conn, account_id))


async def _others(conn: AsyncConnection, account_id: int) -> Sequence[_Open]:
    item = open_item.c
    query = select(item.invoice_id, item.account_id).where(
        item.account_id == account_id, item.open_minor > item.disputed_minor
    )
    return [_Open(*row) for row in await conn.execute(query.order_by(item.due_on, item.invoice_id))]
