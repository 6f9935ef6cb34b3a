"""A file that was sent: what it is, and what it is of, decides who looks at it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import Context
from core.text import say
from dialogs.counter.common import Referenced, own_account
from dialogs.model import CounterRequest


async def of_the_meter(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """A clerk reads the dial off the picture, which stands among the contact's files in the console."""
    return await _ticket(conn, context, request, "meter_read", "photo.ticket.meter")


async def for_a_clerk(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """A clerk hears the voice, or reads the paper."""
    key = "photo.ticket.voice" if request.data.get("sent") == "voice" else "photo.ticket.file"
    return await _ticket(conn, context, request, "message", key)


async def _ticket(conn: AsyncConnection, context: Context, request: CounterRequest, kind: str, key: str) -> Referenced:
    ticket = await tickets.open_ticket(
        conn,
        context,
        key=request.key,
        kind=kind,
        contact_id=request.contact_id,
        account_id=own_account(request),
        description=say(context.operator.languages[0], key),
    )
    return Referenced(ticket.reference)
