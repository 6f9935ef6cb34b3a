"""Proves bills against their lines, their postings, and the numbers given: the part of `hodi db verify` that billing answers for."""

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.model import CREDIT, FEE, LATE, SERIES
from core.ledger import number

SHOWN = 20
"""How many rows of one kind of problem are named."""


async def proof(conn: AsyncConnection, run_id: int | None = None) -> list[str]:
    """Lines = invoices = postings = open items of the final bills of a run (None: of all); what is not, as sentences."""
    rows: list[str] = []
    for words, query in _PROOFS:
        rows += [words.format(*row) for row in await conn.execute(query, {"run": run_id, "shown": SHOWN})]
    return rows


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
            "WHERE i.state = 'final' AND i.series IN ('bill', 'late', 'fee') AND o.invoice_id IS NULL AND (CAST(:run AS BIGINT) IS NULL OR i.run_id = :run) LIMIT :shown"
        ),
    ),
    (
        "credit note {0} is of no final bill of its account, or takes nothing off",
        text(
            "SELECT n.number FROM invoice n LEFT JOIN invoice b ON b.id = n.corrects_id AND b.account_id = n.account_id "
            "AND b.series IN ('bill', 'late', 'fee') AND b.state = 'final' WHERE n.series = 'credit' AND (b.id IS NULL OR n.total_minor >= 0) "
            "AND (CAST(:run AS BIGINT) IS NULL OR b.run_id = :run) LIMIT :shown"
        ),
    ),
    (
        "credit notes take {1} off bill {0}, which comes to {2}",
        text(
            "SELECT b.number, CAST(-sum(n.total_minor) AS BIGINT), b.total_minor FROM invoice n JOIN invoice b ON b.id = n.corrects_id "
            "WHERE n.series = 'credit' AND (CAST(:run AS BIGINT) IS NULL OR b.run_id = :run) "
            "GROUP BY b.id, b.number, b.total_minor, b.series, b.account_id, b.from_date HAVING -sum(n.total_minor) > b.total_minor "
            "- (SELECT coalesce(sum(l.amount_minor), 0) FROM invoice_line l WHERE l.invoice_id = b.id AND b.series = 'bill' "
            "AND l.amount_minor < 0 AND substr(l.code, 1, 9) IN ('late_use:', 'late_tax:')) "
            "+ (SELECT coalesce(sum(x.total_minor), 0) FROM invoice x WHERE b.series = 'bill' AND x.series = 'late' "
            "AND x.account_id = b.account_id AND x.from_date = b.from_date) LIMIT :shown"
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
    """Numbers of bills, credit notes, late invoices and fees that are missing or were given to none."""
    rows: list[str] = []
    for series in (SERIES, CREDIT, LATE, FEE):
        given = await number.last(conn, series)
        query = text("SELECT number FROM invoice WHERE series = :series AND number IS NOT NULL")
        numbers = {_digits(row.number) for row in await conn.execute(query, {"series": series})}
        expected = range(1, given + 1)
        missing = [one for one in expected if one not in numbers][:SHOWN]
        strange = sorted(numbers - set(expected))[:SHOWN]
        rows += [f"{series} number {one} is missing" for one in missing]
        rows += [f"{series} number {one} was never given" for one in strange]
    return rows


def _digits(written: str) -> int:
    """The number behind the operator's prefix."""
    digits = len(written) - len(written.rstrip("0123456789"))
    return int(written[-digits:]) if digits else 0
