"""Proves bills against their lines, their postings, and the numbers given: the part of `hodi db verify` that billing answers for."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import number
from core.billing.model import SERIES

SHOWN = 20
"""How many rows of one kind of problem are named."""


async def proof(conn: AsyncConnection, run_id: int | None = None) -> list[str]:
    """Lines = invoices = postings = open items of the final bills of a run (None: of all); what is not, as sentences."""
    found: list[str] = []
    for words, query in _PROOFS:
        found += [words.format(*row) for row in await conn.execute(query, {"run": run_id, "shown": SHOWN})]
    return found


async def problems(conn: AsyncConnection) -> list[str]:
    """Everything that is wrong with the bills: the proof of all of them, and gaps in the numbers."""
    return await proof(conn) + await _gaps(conn)


_PROOFS: tuple[tuple[str, TextClause], ...] = (
    (
        "invoice {0} comes to {1}, its lines to {2}",
        text(
            "SELECT coalesce(i.number, CAST(i.id AS TEXT)), i.total_minor, coalesce(sum(l.amount_minor), 0) FROM invoice i "
            "LEFT JOIN invoice_line l ON l.invoice_id = i.id WHERE (CAST(:run AS BIGINT) IS NULL OR i.run_id = :run) GROUP BY i.id, i.number, i.total_minor "
            "HAVING i.total_minor <> coalesce(sum(l.amount_minor), 0) LIMIT :shown"
        ),
    ),
    (
        "invoice {0} comes to {1}, its postings to {2}",
        text(
            "SELECT i.number, i.total_minor, coalesce(sum(CASE WHEN d.code = 'receivable' THEN p.amount "
            "WHEN p.id IS NULL THEN 0 ELSE -p.amount END), 0) FROM invoice i "
            "LEFT JOIN journal j ON j.key = 'invoice:' || CAST(i.id AS TEXT) LEFT JOIN posting p ON p.journal_id = j.id "
            "LEFT JOIN ledger_account d ON d.id = p.destination_id "
            "WHERE i.state = 'final' AND (CAST(:run AS BIGINT) IS NULL OR i.run_id = :run) GROUP BY i.id, i.number, i.total_minor, j.id HAVING j.id IS NULL OR "
            "i.total_minor <> coalesce(sum(CASE WHEN d.code = 'receivable' THEN p.amount "
            "WHEN p.id IS NULL THEN 0 ELSE -p.amount END), 0) LIMIT :shown"
        ),
    ),
    (
        "invoice {0} has no open item of its total",
        text(
            "SELECT i.number FROM invoice i LEFT JOIN open_item o ON o.invoice_id = i.id AND o.total_minor = i.total_minor "
            "WHERE i.state = 'final' AND i.series = 'bill' AND o.invoice_id IS NULL AND (CAST(:run AS BIGINT) IS NULL OR i.run_id = :run) LIMIT :shown"
        ),
    ),
    (
        "cycle {0} is {1} and its invoice {2}",
        text(
            "SELECT c.id, c.state, coalesce(i.state, 'missing') FROM cycle c LEFT JOIN invoice i ON i.id = c.invoice_id "
            "WHERE (c.state = 'built' AND coalesce(i.state, '') <> 'draft' OR c.state = 'final' AND c.invoice_id IS NOT NULL "
            "AND coalesce(i.state, '') <> 'final') AND (CAST(:run AS BIGINT) IS NULL OR i.run_id = :run) LIMIT :shown"
        ),
    ),
)


async def _gaps(conn: AsyncConnection) -> list[str]:
    """Numbers of bills that are missing or were given to none."""
    given = await number.last(conn, SERIES)
    query = text("SELECT number FROM invoice WHERE series = :series AND number IS NOT NULL")
    numbers = {_digits(row.number) for row in await conn.execute(query, {"series": SERIES})}
    expected = range(1, given + 1)
    missing = [one for one in expected if one not in numbers][:SHOWN]
    strange = sorted(numbers - set(expected))[:SHOWN]
    return [f"bill number {one} is missing" for one in missing] + [
        f"bill number {one} was never given" for one in strange
    ]


def _digits(written: str) -> int:
    """The number behind the operator's prefix."""
    digits = len(written) - len(written.rstrip("0123456789"))
    return int(written[-digits:]) if digits else 0
