"""The one change that append-only tables allow: a body that must not be kept is blanked, by a verb that is in the audit.

The triggers of `core/migrations/guards.py` ask for the row of the audit and for every other column to stay as it was.
"""

from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context

BLANK = "***"
BLANK_JSON: dict[str, Any] = {"blanked": "***"}
BLANKABLE = {
    "interaction": "text",
    "ticket_event": "details",
    "audit": "details",
    "bucket_movement": "why",
    "consent": "word",
}
"""The body of each append-only table in which people's words stand."""


async def blank(conn: AsyncConnection, context: Context, table: Table, row_id: int, *, actor: str, why: str) -> None:
    """Blank the body of one row, and say so in the audit."""
    column = table.c[BLANKABLE[table.name]]
    await trail.note(conn, context, actor, f"{table.name}.blanked", f"{table.name}:{row_id}", why=why)
    empty = BLANK if column.type.python_type is str else BLANK_JSON
    await conn.execute(update(table).where(table.c.id == row_id).values({column.name: empty}))
