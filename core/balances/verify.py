"""Proves that every bucket holds what its movements say and no more is held than reservations hold. `hodi db verify`."""

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
        "bucket {0} holds {1} {3}, its movements say {2}",
        text(
            "SELECT b.id, b.amount, coalesce(m.amount, 0), b.unit FROM bucket b LEFT JOIN "
            "(SELECT bucket_id, sum(amount) AS amount FROM bucket_movement GROUP BY bucket_id) m ON m.bucket_id = b.id "
            "WHERE b.amount <> coalesce(m.amount, 0) LIMIT :shown"
        ),
    ),
    (
        "bucket {0} was granted {1}, its movements say {2}",
        text(
            "SELECT b.id, b.granted, coalesce(m.amount, 0) FROM bucket b LEFT JOIN "
            "(SELECT bucket_id, sum(amount) AS amount FROM bucket_movement WHERE kind = 'granted' GROUP BY bucket_id) m "
            "ON m.bucket_id = b.id WHERE b.granted <> coalesce(m.amount, 0) LIMIT :shown"
        ),
    ),
    (
        "bucket {0} has {1} reserved, its reservations say {2}",
        text(
            "SELECT b.id, b.reserved, coalesce(h.amount, 0) FROM bucket b LEFT JOIN "
            "(SELECT p.bucket_id, sum(p.amount) AS amount FROM hold_part p JOIN hold h ON h.id = p.hold_id "
            "WHERE h.state = 'held' GROUP BY p.bucket_id) h ON h.bucket_id = b.id "
            "WHERE b.reserved <> coalesce(h.amount, 0) LIMIT :shown"
        ),
    ),
)
