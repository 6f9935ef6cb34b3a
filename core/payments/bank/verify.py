"""Proves each statement by itself: opening + what is kept of it = closing, and each movement is the sum of its payments. `hodi db verify`."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

SHOWN = 20


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each. Reads only."""
    found: list[str] = []
    for words, query in _CHECKS:
        found += [words.format(*row) for row in await conn.execute(query, {"shown": SHOWN})]
    return found


_CHECKS: tuple[tuple[str, TextClause], ...] = (
    (
        "statement {0} of {1} closes with {2}, and with what is kept of it comes to {3}",
        text(
            "SELECT s.number, s.account, s.closing_minor, s.opening_minor + coalesce(k.kept, 0) FROM statement s LEFT JOIN "
            "(SELECT l.statement_id, sum(e.amount_minor) AS kept FROM statement_line l "
            "JOIN statement_entry e ON e.movement_id = l.movement_id GROUP BY l.statement_id) k ON k.statement_id = s.id "
            "WHERE s.opening_minor + coalesce(k.kept, 0) <> s.closing_minor LIMIT :shown"
        ),
    ),
    (
        "bank movement {0} is {1}, and its payments come to {2}",
        text(
            "SELECT m.key, m.amount_minor, coalesce(e.kept, 0) FROM statement_movement m LEFT JOIN "
            "(SELECT movement_id, sum(amount_minor) AS kept FROM statement_entry GROUP BY movement_id) e "
            "ON e.movement_id = m.id WHERE m.amount_minor <> coalesce(e.kept, 0) LIMIT :shown"
        ),
    ),
    (
        "bank movement {0} is on no statement",
        text(
            "SELECT m.key FROM statement_movement m LEFT JOIN statement_line l ON l.movement_id = m.id "
            "WHERE l.statement_id IS NULL LIMIT :shown"
        ),
    ),
)
