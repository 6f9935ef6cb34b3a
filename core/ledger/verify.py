"""Proves the books: every posting stands on two books of its asset, balances re-derive, all sums to zero, the seals hold.

Each problem is a sentence that names the row, for whoever has to look into it. Reads only.
"""

from collections.abc import AsyncIterator

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ledger.seal import FIRST, digest_of
from core.ledger.tables import posting, seal, seal_due

SHOWN = 20
"""How many rows of one kind of problem are named; more of the same helps nobody."""


async def problems(conn: AsyncConnection) -> list[str]:
    """What is wrong with the books; empty when nothing is."""
    rows: list[str] = []
    for words, query in _CHECKS:
        rows += [words.format(*row) for row in await conn.execute(query, {"shown": SHOWN})]
    return rows + [problem async for problem in _seal_problems(conn)]


_CHECKS: tuple[tuple[str, TextClause], ...] = (
    (
        "balance of {0} of owner {1} is {2} {4}, its postings say {3}",
        text(
            "SELECT a.code, a.owner_id, b.amount, coalesce(sum(m.amount), 0), a.asset FROM ledger_account a "
            "LEFT JOIN balance b ON b.ledger_account_id = a.id LEFT JOIN "
            "(SELECT destination_id AS book, sum(amount) AS amount FROM posting GROUP BY destination_id "
            "UNION ALL SELECT source_id, -sum(amount) FROM posting GROUP BY source_id) m ON m.book = a.id "
            "GROUP BY a.id, a.code, a.owner_id, a.asset, b.amount "
            "HAVING b.amount IS NULL OR b.amount <> coalesce(sum(m.amount), 0) LIMIT :shown"
        ),
    ),
    (
        "all balances in {0} together are {1}, not 0",
        text(
            "SELECT a.asset, sum(b.amount) FROM balance b JOIN ledger_account a ON a.id = b.ledger_account_id "
            "GROUP BY a.asset HAVING sum(b.amount) <> 0 LIMIT :shown"
        ),
    ),
    (
        "posting {0} of journal {1} has no journal, or a book of another asset, or none",
        text(
            "SELECT p.id, p.journal_id FROM posting p LEFT JOIN journal j ON j.id = p.journal_id "
            "LEFT JOIN ledger_account s ON s.id = p.source_id AND s.asset = p.asset "
            "LEFT JOIN ledger_account d ON d.id = p.destination_id AND d.asset = p.asset "
            "WHERE j.id IS NULL OR s.id IS NULL OR d.id IS NULL LIMIT :shown"
        ),
    ),
)


async def _seal_problems(conn: AsyncConnection) -> AsyncIterator[str]:
    before, covered, expected_id = FIRST, 0, 1
    for row in (await conn.execute(select(seal).order_by(seal.c.id))).all():
        if row.id != expected_id:
            yield f"seal {expected_id} is gone"
        digest, count = await digest_of(conn, [(first, last) for first, last in row.spans], before)
        if digest != row.digest:
            yield f"seal {row.id} is broken: a posting between {row.spans[0][0]} and {row.spans[-1][1]} was altered"
        before, covered, expected_id = row.digest, covered + count, row.id + 1
    due = (await conn.execute(select(func.sum(seal_due.c.postings)))).scalar_one() or 0
    total = (await conn.execute(select(func.count()).select_from(posting))).scalar_one()
    if total != covered + due:
        yield f"{total} postings are there, {covered} sealed and {due} waiting to be: some came or went by another door"
