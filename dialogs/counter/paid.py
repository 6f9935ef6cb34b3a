"""I paid: what became of it, by its number or without one; and money that nobody claimed becomes hers."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.errors import Refused
from core.house import House
from core.journeys import money_received
from core.payments import trace
from dialogs.counter.common import Answer, account_of
from dialogs.model import CounterRequest
from dialogs.values import amount, lines, moment, word

MOST_LINES = 3


async def last_payments(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """Her latest payments and tries, and how each stands. A number that came along (`PAID QWE123`) is looked for at once."""
    if request.data.get("typed_reference"):
        return {"is": "typed", "lines": ""}
    found = await trace.latest(conn, account_of(request), limit=MOST_LINES)
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


async def find_payment(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """The payment of the number she named."""
    number = str(request.data.get("number") or request.data["typed_reference"]).upper()
    found = await trace.trace(conn, account_of(request), number)
    if found is None:
        return {"is": "none", "number": number, "amount": "", "at": ""}
    state = "pending" if found.state == "initiated" else found.state
    return {"is": state, "number": number, "amount": amount(found.amount_minor, found.currency), "at": moment(found.at)}


async def claim_payment(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """It is hers: only who paid knows its number. It pays her bills like any other."""
    number = str(request.data["number"])
    await money_received.claimed(conn, house, account_of(request), number, f"customer:{request.contact_id}")
    return {"is": "done"}


async def look_for_payment(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """We cannot see it: a person looks for it."""
    number = str(request.data.get("number") or "")
    if not number:
        raise Refused("choose.gone")
    opened = await tickets.open_ticket(
        conn,
        house,
        key=f"paid:{account_of(request)}:{number}",
        kind="payment",
        contact_id=request.contact_id,
        account_id=account_of(request),
        description=number,
    )
    return {"is": "done", "reference": opened.reference}
