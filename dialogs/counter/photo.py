"""A file she sent: what it is, and what it is of, decides who looks at it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import Context
from dialogs.counter.common import Answer
from dialogs.model import Asked


async def of_the_meter(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A clerk reads the dial off the picture, which stands among her files in the console."""
    hers = asked.account_id if asked.account_id in asked.accounts else None
    opened = await tickets.open_ticket(
        conn,
        context,
        key=asked.key,
        kind="meter_read",
        contact_id=asked.contact_id,
        account_id=hers,
        description="A picture of the meter, among the files of this contact.",
    )
    return {"is": "done", "reference": opened.reference}


async def for_a_clerk(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A clerk hears the voice, or reads the paper."""
    hers = asked.account_id if asked.account_id in asked.accounts else None
    what = "A voice note" if asked.data.get("sent") == "voice" else "A document"
    opened = await tickets.open_ticket(
        conn,
        context,
        key=asked.key,
        kind="message",
        contact_id=asked.contact_id,
        account_id=hers,
        description=f"{what}, among the files of this contact.",
    )
    return {"is": "done", "reference": opened.reference}
