"""The SQL that changes purchases."""

from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import insert
from core.vending.model import Vend
from core.vending.tables import vend

COLUMNS = [vend.c[name] for name in Vend.__dataclass_fields__]


async def add(conn: AsyncConnection, row: dict[str, Any]) -> None:
    """A new purchase; the same payment makes no second one."""
    await conn.execute(insert(conn, vend).values(row).on_conflict_do_nothing(index_elements=["request_id"]))


async def hold(conn: AsyncConnection, which: ColumnElement[bool]) -> Vend | None:
    """One purchase, its row locked."""
    row = (await conn.execute(select(*COLUMNS).where(which).with_for_update())).first()
    return Vend(*row) if row else None


async def move(conn: AsyncConnection, vend_id: int, state: str, **values: Any) -> None:
    """Its new state, and what came with it."""
    await conn.execute(update(vend).where(vend.c.id == vend_id).values(state=state, **values))
