"""A file that was sent: what it is, and what it is of, decides who looks at it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import House
from dialogs.counter.common import Referenced, own_account
from dialogs.model import CounterRequest


async def of_the_meter(conn: AsyncConnection, house: House, request: CounterRequest) -> Referenced:
    """A clerk reads the dial off the picture, which stands among the contact's files in the console."""
    return await _ticket(conn, house, request, "meter_read", "A picture of the meter")


async def for_a_clerk(conn: AsyncConnection, house: House, request: CounterRequest) -> Referenced:
    """A clerk hears the voice, or reads the paper."""
    what = "A voice note" if request.data.get("sent") == "voice" else "A document"
    return await _ticket(conn, house, request, "message", what)


async def _ticket(conn: AsyncConnection, house: House, request: CounterRequest, kind: str, what: str) -> Referenced:
    ticket = await tickets.open_ticket(
        conn,
        house,
        key=request.key,
        kind=kind,
        contact_id=request.contact_id,
        account_id=own_account(request),
        description=f"{what}, among the files of this contact.",
    )
    return Referenced(ticket.reference)
