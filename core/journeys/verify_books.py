"""Proves the books as a whole: the ledger by itself, the bills against their lines, postings and numbers, and what
customers have beforehand against its movements. `hodi db verify`."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import verify as balances
from core.billing import verify as bills
from core.ledger import verify as ledger


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each; empty when the books are true. Reads only."""
    return await ledger.problems(conn) + await bills.problems(conn) + await balances.problems(conn)
