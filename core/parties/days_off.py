"""The days on which a line was shut, where the law lets nobody pay for it meanwhile: what the network did, as the bill needs it."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import insert
from core.parties.tables import service_off


async def shut(conn: AsyncConnection, service_id: int, on: date) -> None:
    """The network shut it that day; a line that is shut already stays so since when it was."""
    off = service_off.c
    open_end = select(off.service_id).where(off.service_id == service_id, off.back_on.is_(None))
    if (await conn.execute(open_end)).first() is None:
        new = insert(conn, service_off).values(service_id=service_id, off_on=on, back_on=None)
        await conn.execute(new.on_conflict_do_update(index_elements=["service_id", "off_on"], set_={"back_on": None}))


async def back(conn: AsyncConnection, service_id: int, on: date) -> None:
    """The network opened it again that day."""
    off = service_off.c
    again = update(service_off).where(off.service_id == service_id, off.back_on.is_(None))
    await conn.execute(again.values(back_on=on))
