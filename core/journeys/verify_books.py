"""Proves the books as a whole: the ledger by itself, the bills against their lines, postings and numbers, and what
customers have beforehand against its movements, that every record of every usage file is explained, that the
summaries for finance are numbered without a gap, and that every point is accounted for. `hodi db verify`."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import verify as balances
from core.billing import verify as bills
from core.ledger import verify as ledger
from core.metering import verify as usage
from core.payments.reconcile import general_ledger
from core.rewards import verify as rewards


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each; empty when the books are true. Reads only."""
    rooms = (ledger, bills, balances, usage, general_ledger, rewards)
    return [problem for room in rooms for problem in await room.problems(conn)]
