"""A file she sent: what it is, and what it is of, decides who looks at it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.house import House
from dialogs.counter.common import Answer
from dialogs.model import CounterRequest


async def of_the_meter(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A clerk reads the dial off the picture, which stands among her files in the console."""
    hers = request.account_id if request.account_id in request.accounts else None
    opened = await tickets.open_ticket(
        conn,
        house,
        key=request.key,
        kind="meter_read",
        contact_id=request.contact_id,
        account_id=hers,
        description="A picture of the meter, among the files of this contact.",
    )
    return {"is": "done", "reference": opened.reference}


async def for_a_clerk(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A clerk hears the voice, or reads the paper."""
    hers = request.account_id if request.account_id in request.accounts else None
    what = "A voice note" if request.data.get("sent") == "voice" else "A document"
    opened = await tickets.open_ticket(
        conn,
        house,
        key=request.key,
        kind="message",
        contact_id=request.contact_id,
        account_id=hers,
        description=f"{what}, among the files of this contact.",
    )
    return {"is": "done", "reference": opened.reference}
