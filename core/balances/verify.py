"""Proves that every bucket holds what its movements say, that no more is held than reservations hold, that what uses were
charged live was paid or is owed, and that the ledger knows of all the money in buckets. `hodi db verify`."""

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
    (
        "period {0} of uses charged live came to {1}, of which {2} was paid and {3} is owed",
        text(
            "SELECT l.id, l.charged_minor, coalesce(p.minor, 0), l.owed_minor FROM live_period l LEFT JOIN "
            "(SELECT period_id, sum(minor) AS minor FROM live_paid GROUP BY period_id) p ON p.period_id = l.id "
            "WHERE l.charged_minor <> coalesce(p.minor, 0) + l.owed_minor LIMIT :shown"
        ),
    ),
    (
        "account {0} has {1} {3} in buckets that the ledger does not know of yet or holds wrongly: its purse book says {2}",
        text(
            "SELECT coalesce(b.account_id, l.owner_id), coalesce(b.amount, 0), coalesce(l.amount, 0), coalesce(b.unit, l.asset) "
            "FROM (SELECT account_id, unit, sum(granted - booked) AS amount FROM bucket WHERE money GROUP BY account_id, unit) b "
            "FULL JOIN (SELECT a.owner_id, a.asset, -h.amount AS amount FROM ledger_account a "
            "JOIN balance h ON h.ledger_account_id = a.id WHERE a.code = 'purse') l "
            "ON l.owner_id = b.account_id AND l.asset = b.unit WHERE coalesce(b.amount, 0) <> coalesce(l.amount, 0) LIMIT :shown"
        ),
    ),
)
