"""The daily summary for the finance system: what was posted on a day by book, balanced, numbered without a gap, and made once.

Made again, the same day gives the same summary under the same number. What was posted on the day after that comes as a revision of
its own, which holds the rest only: their sum is always the day.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import csv_text, money
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.ledger import number
from core.ledger.tables import ledger_account, posting
from core.payments.reconcile.tables import gl_summary

SERIES = "summary"
"""Its numbers: whoever makes one holds the row until it commits, so that two at once neither share a number nor leave one out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One numbered summary. `lines`: (book, asset, debit, credit) in minor units, of books that moved."""

    number: int
    day: date
    revision: int
    made_at: datetime
    lines: tuple[tuple[str, str, int, int], ...]


async def summarise(conn: AsyncConnection, context: Context, on: date) -> list[Summary]:
    """Every summary of the day, a new one among them if postings have come since the last. `Refused` while the day is not over."""
    if on >= context.today():
        raise Refused("reconcile.close.not_over")
    await number.hold(conn, SERIES)
    made = await _made(conn, on)
    rest = await _posted(conn, on)
    for one in made:
        for book, asset, debit, credit in one.lines:
            rest[book, asset, "debit"] -= debit
            rest[book, asset, "credit"] -= credit
    if any(rest.values()) or not made:
        made.append(await _add(conn, context, on, rest, revision=len(made) + 1))
    return made


async def problems(conn: AsyncConnection) -> list[str]:
    """Numbers that are missing or were given twice; part of `hodi db verify`."""
    given = await number.last(conn, SERIES)
    known = set((await conn.execute(select(gl_summary.c.number))).scalars())
    missing = sorted(set(range(1, given + 1)) ^ known)[:20]
    return [f"summary number {one} is missing or was never given" for one in missing]


async def _made(conn: AsyncConnection, on: date) -> list[Summary]:
    rows = await conn.execute(select(gl_summary).where(gl_summary.c.day == on).order_by(gl_summary.c.revision))
    return [
        Summary(
            row.number, row.day, row.revision, row.made_at, tuple((one[0], one[1], one[2], one[3]) for one in row.lines)
        )
        for row in rows
    ]


async def _posted(conn: AsyncConnection, on: date) -> Counter[tuple[str, str, str]]:
    """(book, asset, side) -> minor units of all postings of the day; a destination is debited, a source credited."""
    total: Counter[tuple[str, str, str]] = Counter()
    for side, column in (("debit", posting.c.destination_id), ("credit", posting.c.source_id)):
        query = (
            select(ledger_account.c.code, posting.c.asset, func.sum(posting.c.amount))
            .join_from(posting, ledger_account, ledger_account.c.id == column)
            .where(posting.c.booked_on == on)
            .group_by(ledger_account.c.code, posting.c.asset)
        )
        for row in await conn.execute(query):
            total[row[0], row[1], side] += int(row[2])
    return total


async def _add(
    conn: AsyncConnection, context: Context, on: date, rest: Counter[tuple[str, str, str]], *, revision: int
) -> Summary:
    books = sorted({(book, asset) for (book, asset, _), minor in rest.items() if minor})
    lines = tuple((book, asset, rest[book, asset, "debit"], rest[book, asset, "credit"]) for book, asset in books)
    made = Summary(await number.take(conn, SERIES, 1), on, revision, context.clock.now(), lines)
    row = {
        "number": made.number,
        "day": on,
        "revision": revision,
        "made_at": made.made_at,
        "lines": [list(line) for line in lines],
    }
    await conn.execute(insert(conn, gl_summary).values(row))
    return made


def as_json(one: Summary) -> dict[str, Any]:
    """A summary for a machine: amounts as decimal texts."""
    return {
        "number": one.number,
        "day": one.day.isoformat(),
        "revision": one.revision,
        "lines": [
            {"book": book, "asset": asset, "debit": _plain(debit, asset), "credit": _plain(credit, asset)}
            for book, asset, debit, credit in one.lines
        ],
    }


def as_csv(made: list[Summary]) -> str:
    """Summaries as one table, a line a book."""
    head = ("number", "day", "revision", "book", "asset", "debit", "credit")
    lines = [
        (one.number, one.day.isoformat(), one.revision, book, asset, _plain(debit, asset), _plain(credit, asset))
        for one in made
        for book, asset, debit, credit in one.lines
    ]
    return csv_text.written([head, *lines])


def _plain(minor: int, asset: str) -> str:
    """A currency in its decimals; points and units as they are."""
    return money.plain(minor, asset) if money.known(asset) else str(minor)
