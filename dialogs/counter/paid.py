"""I paid: what became of it, by its number or without one; and money that nobody claimed becomes hers."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import Context
from core.errors import Refused
from core.journeys import money_received
from core.payments import trace
from dialogs.counter.common import Answer, account_of
from dialogs.model import Asked
from dialogs.values import amount, lines, moment, word

MOST_LINES = 3


async def last_payments(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """Her latest payments and tries, and how each stands. A number that came along (`PAID QWE123`) is looked for at once."""
    if asked.data.get("typed_reference"):
        return {"is": "typed", "lines": ""}
    found = await trace.latest(conn, account_of(asked), limit=MOST_LINES)
    told = [
        word(
            "paid.line",
            amount=amount(one.amount_minor, one.currency),
            at=moment(one.at),
            state=word(f"paid.state.{one.state}"),
        )
        for one in found
    ]
    return {"is": "told", "lines": lines(told or [word("paid.no_tries")])}


async def find_payment(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """The payment of the number she named."""
    number = str(asked.data.get("number") or asked.data["typed_reference"]).upper()
    found = await trace.trace(conn, account_of(asked), number)
    if found is None:
        return {"is": "none", "number": number, "amount": "", "at": ""}
    state = "pending" if found.state == "initiated" else found.state
    return {"is": state, "number": number, "amount": amount(found.amount_minor, found.currency), "at": moment(found.at)}


async def claim_payment(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """It is hers: only who paid knows its number. It pays her bills like any other."""
    number = str(asked.data["number"])
    await money_received.claimed(conn, context, account_of(asked), number, f"customer:{asked.contact_id}")
    return {"is": "done"}


async def look_for_payment(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """We cannot see it: a person looks for it."""
    number = str(asked.data.get("number") or "")
    if not number:
        raise Refused("choose.gone")
    opened = await tickets.open_ticket(
        conn,
        context,
        key=f"paid:{account_of(asked)}:{number}",
        kind="payment",
        contact_id=asked.contact_id,
        account_id=account_of(asked),
        description=number,
    )
    return {"is": "done", "reference": opened.reference}
