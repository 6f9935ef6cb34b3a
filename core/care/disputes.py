"""Disputes: this amount of this bill is wrong, says the customer. One open dispute an item; while it is open nothing touches the amount.

The freezing of the open item belongs to the journey (`journeys/line_disputed.py`), because bills and care do not know each other.
"""

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.care import tickets
from core.care.model import UNSOLVED, Dispute, Ticket
from core.care.queries import by_id
from core.care.tables import dispute
from core.context import Context
from core.errors import Refused

_COLUMNS = [dispute.c[name] for name in Dispute.__dataclass_fields__]
VERDICTS = ("upheld", "partial", "rejected")


async def open_of(conn: AsyncConnection, invoice_id: int, position: int) -> Ticket | None:
    """The ticket of the open dispute of this item, if there is one. Position -1: the whole bill."""
    query = select(dispute.c.ticket_id).where(dispute.c.open_key == f"{invoice_id}:{position}")
    found = (await conn.execute(query)).scalar_one_or_none()
    return None if found is None else await by_id(conn, found)


async def open_lines(conn: AsyncConnection, invoice_id: int) -> list[int]:
    """The lines of a bill that are contested and not decided, in the order in which they were contested."""
    query = select(dispute.c.position).where(
        dispute.c.invoice_id == invoice_id, dispute.c.state == "open", dispute.c.position >= 0
    )
    return list((await conn.execute(query.order_by(dispute.c.id))).scalars())


async def open_dispute(
    conn: AsyncConnection,
    context: Context,
    *,
    account_id: int,
    invoice_id: int,
    position: int,
    reason: str,
    contact_id: int | None,
    key: str,
    amount_minor: int,
) -> Ticket:
    """Open a dispute over `amount_minor` of an item, with the ticket by which it is followed. The caller holds the item's row."""
    ticket = await tickets.open_ticket(
        conn,
        context,
        key=f"dispute:{key}",
        kind="bill",
        contact_id=contact_id,
        account_id=account_id,
        description=reason,
    )
    dispute_id = context.ids.take()
    await conn.execute(
        insert(dispute).values(
            id=dispute_id,
            account_id=account_id,
            invoice_id=invoice_id,
            position=position,
            amount_minor=amount_minor,
            state="open",
            ticket_id=ticket.id,
            opened_at=context.clock.now(),
            open_key=f"{invoice_id}:{position}",
        )
    )
    await trail.note(
        conn,
        context,
        f"customer:{contact_id}",
        "dispute.opened",
        f"dispute:{dispute_id}",
        invoice=str(invoice_id),
        position=position,
        amount_minor=amount_minor,
    )
    return ticket


async def hold(conn: AsyncConnection, dispute_id: int) -> Dispute:
    """The dispute, its row locked; Refused `dispute.unknown`."""
    row = (await conn.execute(select(*_COLUMNS).where(dispute.c.id == dispute_id).with_for_update())).first()
    if row is None:
        raise Refused("dispute.unknown", status=404)
    return Dispute(*row)


async def decide(conn: AsyncConnection, context: Context, dispute_id: int, verdict: str, actor: str) -> Dispute | None:
    """Close a dispute; it as it was, or None when it was decided before. The caller unfreezes the item and tells the customer."""
    if verdict not in VERDICTS:
        raise ValueError(f"{verdict!r} is no verdict: choose from {VERDICTS}")
    match = await hold(conn, dispute_id)
    if match.state != "open":
        return None
    await conn.execute(
        update(dispute)
        .where(dispute.c.id == dispute_id)
        .values(state=verdict, decided_at=context.clock.now(), open_key=None)
    )
    await trail.note(
        conn, context, actor, f"dispute.{verdict}", f"dispute:{dispute_id}", amount_minor=match.amount_minor
    )
    ticket = await by_id(conn, match.ticket_id)
    if ticket is not None and ticket.state in UNSOLVED:
        await tickets.move(conn, context, match.ticket_id, "solved", actor=actor, note=verdict, tell=False)
    return match
