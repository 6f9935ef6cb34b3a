"""Somebody without an account would like one: their name and place, kept for the branch to call back."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.parties.tables import interest

LONGEST = 120
"""Letters of a name or a place that are kept; a person who writes a letter gets called about the rest."""


async def register(conn: AsyncConnection, context: Context, contact_id: int, name: str, place: str, key: str) -> bool:
    """Note the interest once per `key`; False if it was noted before."""
    row = {
        "id": context.ids.take(),
        "contact_id": contact_id,
        "name": name.strip()[:LONGEST],
        "place": place.strip()[:LONGEST],
        "at": context.clock.now(),
        "effect_key": key,
    }
    result = await conn.execute(
        insert(conn, interest).values(row).on_conflict_do_nothing(index_elements=["effect_key"])
    )
    return result.rowcount == 1
