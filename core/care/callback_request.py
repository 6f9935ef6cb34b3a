"""A person calls back: a ticket that carries the time in which they were promised the call."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import hours, tickets
from core.care.hours import Span
from core.care.model import Ticket
from core.context import Context
from core.errors import Refused

KIND = "call_back"
MOST_SLOTS = 4


def slots(context: Context) -> list[Span]:
    """The times we can promise now."""
    return hours.call_slots(context.operator, context.clock.now(), MOST_SLOTS)


async def order(
    conn: AsyncConnection, context: Context, *, contact_id: int, account_id: int | None, begins: datetime, key: str
) -> tuple[Ticket, bool]:
    """The ticket, and whether it is new: who waits for a call already is told so. Refused `agent.too_late`."""
    standing = [
        one for one in await tickets.tickets_of(conn, contact_id=contact_id, open_only=True) if one.kind == KIND
    ]
    if standing:
        return standing[0], False
    span = next((span for span in slots(context) if span[0] == begins), None)
    if span is None:
        raise Refused("agent.too_late")
    begin, end = (at.astimezone(context.zone) for at in span)
    result = await tickets.open_ticket(
        conn,
        context,
        key=key,
        kind=KIND,
        contact_id=contact_id,
        account_id=account_id,
        description=f"Call on {begin:%Y-%m-%d} between {begin:%H:%M} and {end:%H:%M}",
    )
    return result, True
