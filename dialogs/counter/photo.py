"""A file that was sent: what it is, and what it is of, decides who looks at it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import House
from core.text import say
from dialogs.counter.common import Referenced, own_account
from dialogs.model import CounterRequest


async def of_the_meter(conn: AsyncConnection, house: House, request: CounterRequest) -> Referenced:
    """A clerk reads the dial off the picture, which stands among the contact's files in the console."""
    return await _ticket(conn, house, request, "meter_read", "photo.ticket.meter")


async def for_a_clerk(conn: AsyncConnection, house: House, request: CounterRequest) -> Referenced:
    """A clerk hears the voice, or reads the paper."""
    key = "photo.ticket.voice" if request.data.get("sent") == "voice" else "photo.ticket.file"
    return await _ticket(conn, house, request, "message", key)


async def _ticket(conn: AsyncConnection, house: House, request: CounterRequest, kind: str, key: str) -> Referenced:
    ticket = await tickets.open_ticket(
        conn,
        house,
        key=request.key,
        kind=kind,
        contact_id=request.contact_id,
        account_id=own_account(request),
        description=say(house.operator.languages[0], key),
    )
    return Referenced(ticket.reference)
