"""The branches there are, for a choice on a form."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.overview.listing import AnyRow
from core.parties.tables import branch


async def branches(conn: AsyncConnection) -> list[AnyRow]:
    """code and name of each, by name."""
    return list((await conn.execute(select(branch.c.code, branch.c.name).order_by(branch.c.name))).all())
