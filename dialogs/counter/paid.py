"""I paid: what became of it, by its number or without one; and money that nobody claimed becomes the payer's."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import tickets
from core.context import Context
from core.errors import Refused
from core.journeys import money_received
from core.payments import trace
from dialogs.answers import DONE, Answer
from dialogs.counter.common import Referenced, account_of, actor_of
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, lines, moment, word

MOST_LINES = 3


class LastPayments(Answer, frozen=True):
    """The latest payments and tries (`told`), unless a number came along (`typed`)."""

    lines: Text


class PaymentTrace(Answer, frozen=True):
    """What became of a payment: its state is the outcome, `none` where we know no such number."""

    number: str
    amount: Text = ""
    at: Text = ""


async def last_payments(conn: AsyncConnection, _context: Context, request: CounterRequest) -> LastPayments:
    """The latest payments and tries, and how each stands. A number that came along (`PAID QWE123`) is looked for at once."""
    if request.data.get("typed_reference"):
        return LastPayments("", outcome="typed")
    payments = await trace.latest(conn, account_of(request), limit=MOST_LINES)
    rows = [
        word(
            "paid.line",
            amount=amount(payment.amount_minor, payment.currency),
            at=moment(payment.at),
            state=word(f"paid.state.{payment.state}"),
        )
        for payment in payments
    ]
    return LastPayments(lines(rows or [word("paid.no_tries")]), outcome="told")


async def find_payment(conn: AsyncConnection, _context: Context, request: CounterRequest) -> PaymentTrace:
    """The payment of the number that was named."""
    number = str(request.data.get("number") or request.data["typed_reference"]).upper()
    payment = await trace.trace(conn, account_of(request), number)
    if payment is None:
        return PaymentTrace(number, outcome="none")
    state = "pending" if payment.state == "initiated" else payment.state
    return PaymentTrace(number, amount(payment.amount_minor, payment.currency), moment(payment.at), outcome=state)


async def claim_payment(conn: AsyncConnection, context: Context, request: CounterRequest) -> Answer:
    """It is theirs: only who paid knows its number. It pays their bills like any other."""
    number = str(request.data["number"])
    await money_received.claimed(conn, context, account_of(request), number, actor_of(request))
    return DONE


async def look_for_payment(conn: AsyncConnection, context: Context, request: CounterRequest) -> Referenced:
    """We cannot see it: a person looks for it."""
    number = str(request.data.get("number") or "")
    if not number:
        raise Refused("choose.gone")
    ticket = await tickets.open_ticket(
        conn,
        context,
        key=f"paid:{account_of(request)}:{number}",
        kind="payment",
        contact_id=request.contact_id,
        account_id=account_of(request),
        description=number,
    )
    return Referenced(ticket.reference)
