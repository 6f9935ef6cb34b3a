"""What a ticket contests, and the verdict of whoever looked into it: the bill, its line, and how much of it was wrong."""

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.access.model import Who
from core.billing import queries as bills
from core.care import queries as care
from core.care.disputes import VERDICTS
from core.context import App
from core.errors import Refused
from core.journeys import dispute_decided
from gateway.admin.console.shared import an_amount


@dataclass(frozen=True, slots=True)
class Contested:
    """The bill (and line) of a dispute, as a clerk reads it."""

    state: str
    number: str
    link: str
    item: str
    amount: str
    frozen: str
    currency: str
    waiting: bool
    """A verdict waits for another person to agree."""


async def contested(conn: AsyncConnection, app: App, ticket_id: int) -> Contested | None:
    """What the ticket contests; None when it is about something else."""
    match = await care.dispute_of_ticket(conn, ticket_id)
    bill = await bills.bill(conn, invoice_id=match.invoice_id, context=app) if match else None
    if match is None or bill is None:
        return None
    line = next((one for one in bill.lines if one.position == match.position), None)
    amount = line.amount_minor if line else bill.total_minor
    return Contested(
        match.state,
        bill.number or "",
        f"/b/{bill.token}",
        line.label.get("en", line.code) if line else "the whole bill",
        money.show(amount, bill.currency),
        money.show(match.amount_minor, bill.currency),
        bill.currency,
        await dispute_decided.waiting(conn, app, match.id),
    )


async def decide(app: App, who: Who, ticket_id: int, told: dict[str, str]) -> None:
    """Decide it as the form says. Refused: an amount the item does not have."""
    verdict, text = told.get("verdict", ""), told.get("amount", "")
    if verdict not in VERDICTS:
        raise web.HTTPBadRequest(text=f"Choose a verdict: {', '.join(VERDICTS)}.")
    async with app.db.writing() as conn:
        match = await care.dispute_of_ticket(conn, ticket_id)
        if match is None:
            raise Refused("dispute.unknown", status=404)
        amount = None
        if verdict == "partial":
            bill = await bills.bill(conn, invoice_id=match.invoice_id)
            amount = an_amount(text, bill.currency if bill else app.currency)
        await dispute_decided.decide(conn, app, match.id, verdict, actor=who.actor, amount_minor=amount)
