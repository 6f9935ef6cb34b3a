"""A customer says that a line of their bill is wrong: a ticket, and the amount is frozen until `dispute_decided.py` has decided.

Only the disputed part is frozen (domain.md 5), with the levy and the tax that were reckoned on it: what a credit of the line would
take off, to the cent. The rest stays due. The open item's row is locked first, so that a payment, a debit and
a dispute of the same bill come one after the other and never pay for, or freeze, a cent twice.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.documents import credit_note
from core.billing.model import LATE, SERIES
from core.billing.tables import invoice
from core.care import disputes, store
from core.care.model import Ticket
from core.context import Context
from core.errors import Refused
from core.journeys.dunning import restore
from core.ledger import open_items

WHOLE_BILL = -1


async def dispute(
    conn: AsyncConnection,
    context: Context,
    *,
    account_id: int,
    invoice_id: int,
    position: int = WHOLE_BILL,
    reason: str,
    contact_id: int | None,
    key: str,
) -> Ticket:
    """Contest a line (or the whole bill): the ticket to follow it by. The same `key`, or an item contested already: its ticket."""
    known = await store.by_key(conn, f"dispute:{key}")
    if known is not None:
        return known
    wanted = await _amount(conn, account_id, invoice_id)
    held = await open_items.hold(conn, invoice_id)
    standing = await disputes.open_of(conn, invoice_id, position)
    if standing is not None:
        return standing
    if position != WHOLE_BILL:
        others = await disputes.open_lines(conn, invoice_id)
        wanted = await credit_note.contested(conn, invoice_id, position, others)
    frozen = max(0, min(wanted, held.free_minor if held else 0))
    await open_items.freeze(conn, invoice_id, frozen)
    opened = await disputes.open_dispute(
        conn,
        context,
        account_id=account_id,
        invoice_id=invoice_id,
        position=position,
        reason=reason,
        contact_id=contact_id,
        key=key,
        amount_minor=frozen,
    )
    await restore.reconsider(conn, context, account_id, f"dispute:{opened.reference}")
    return opened


async def _amount(conn: AsyncConnection, account_id: int, invoice_id: int) -> int:
    """What the bill comes to; refused when there is no such final bill of this account."""
    total = select(invoice.c.total_minor).where(
        invoice.c.id == invoice_id,
        invoice.c.account_id == account_id,
        invoice.c.state == "final",
        invoice.c.series.in_((SERIES, LATE)),
    )
    row = (await conn.execute(total)).scalar_one_or_none()
    if row is None:
        raise Refused("dispute.unknown_line", status=404)
    return int(row)
