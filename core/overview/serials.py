"""The meters that hang at an account's places now, by serial."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.metering.tables import meter
from core.parties.tables import service


async def serials_of(conn: AsyncConnection, account_id: int) -> list[str]:
    """Serial numbers as they stand on the meters."""
    mine = select(meter.c.serial).join_from(meter, service).where(service.c.account_id == account_id)
    rows = await conn.execute(mine.where(meter.c.removed_on.is_(None)).order_by(meter.c.serial))
    return list(rows.scalars())
