"""Proves the books as a whole: the ledger by itself, and the bills against their lines, postings and numbers. `hodi db verify`."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import verify as bills
from core.ledger import verify as ledger


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each; empty when the books are true. Reads only."""
    return await ledger.problems(conn) + await bills.problems(conn)
