"""Proves that no record of any file is unexplained: the counters of a file add up, and they are what is stored. `hodi db verify`."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

SHOWN = 20


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong, a sentence each. Reads only."""
    rows: list[str] = []
    for words, query in _CHECKS:
        rows += [words.format(*row) for row in await conn.execute(query, {"shown": SHOWN})]
    return rows


_CHECKS: tuple[tuple[str, TextClause], ...] = (
    (
        "usage file {0} has {1} records, of which {2} are explained",
        text(
            "SELECT f.id, f.rows, accepted + duplicates + revised + rejected + recycled + filtered FROM usage_file f "
            "WHERE f.rows <> accepted + duplicates + revised + rejected + recycled + filtered "
            "OR (state = 'done' AND f.rows <> records) LIMIT :shown"
        ),
    ),
    (
        "usage file {0} counts {1} rejected records, {2} are kept",
        text(
            "SELECT f.id, f.rejected, coalesce(r.records, 0) FROM usage_file f LEFT JOIN "
            "(SELECT file_id, sum(intervals) AS records FROM usage_reject WHERE recycled_at IS NULL GROUP BY file_id) r "
            "ON r.file_id = f.id WHERE f.rejected <> coalesce(r.records, 0) LIMIT :shown"
        ),
    ),
    (
        "usage file {0} took {1} events, {2} are stored",
        text(
            "SELECT f.id, f.accepted + f.recycled, coalesce(e.events, 0) FROM usage_file f LEFT JOIN "
            "(SELECT file_id, count(*) AS events FROM usage_event GROUP BY file_id) e ON e.file_id = f.id "
            "WHERE f.kind IN ('cdr', 'usage') AND f.accepted + f.recycled <> coalesce(e.events, 0) LIMIT :shown"
        ),
    ),
    (
        "usage file {0} has control totals of {1} events, {2} were taken",
        text(
            "SELECT f.id, coalesce(t.records, 0), f.accepted + f.recycled FROM usage_file f LEFT JOIN "
            "(SELECT file_id, sum(records) AS records FROM event_total GROUP BY file_id) t ON t.file_id = f.id "
            "WHERE f.kind IN ('cdr', 'usage') AND f.accepted + f.recycled <> coalesce(t.records, 0) LIMIT :shown"
        ),
    ),
)
