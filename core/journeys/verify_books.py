"""Proves the books as a whole: the ledger by itself, the bills against their lines, postings and numbers, and what
customers have beforehand against its movements, that every record of every usage file is explained, that every bank statement
adds up, that the summaries for finance are numbered without a gap, and that every point is accounted for. `hodi db verify`."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.balances import verify as balances
from core.billing import verify as bills
from core.billing.run import parked
from core.context import Context
from core.ledger import verify as ledger
from core.metering import verify as usage
from core.payments.bank import verify as statements
from core.payments.reconcile import general_ledger
from core.rewards import verify as rewards


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each; empty when the books are true. Reads only."""
    rooms = (ledger, bills, balances, usage, statements, general_ledger, rewards)
    return [problem for room in rooms for problem in await room.problems(conn)]


async def never_billed(conn: AsyncConnection, context: Context) -> list[str]:
    """Months that closed and have no bill, with what they may come to: no fault of the books, but money that nobody asks for."""
    waiting, overdue = await parked.together(conn, context), await parked.overdue(conn, context.today())
    text = []
    if waiting.count:
        sums = money.show(waiting.minor, context.currency, "en")
        unknown = f"; of {waiting.unknown} nothing is known" if waiting.unknown else ""
        text.append(
            f"{waiting.count} months are not billed, the oldest from {waiting.since}: about {sums}{unknown}. See hodi parked list."
        )
    if overdue:
        text.append(f"{overdue} months closed before today and no run has come by: run hodi bill.")
    return text
