"""Documents outside a cycle: lines, journal, number and invoice of a credit note, of a late invoice or of a fee.

A document about a bill has that bill's days and facts; its lines are in its own sign, and its journal books what they come to, book by book. The
number is taken last, as its row is locked until the commit. What is open afterwards is the caller's business.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.model import BillLine
from core.billing.run.store import tokens
from core.billing.tables import invoice, invoice_line
from core.context import Context
from core.ledger import number
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post

BOOKS = {"tax": "tax", "rounding": "rounding", "reward": "rewards_cost"}
"""The book that a line of this kind is booked on; all others are revenue."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a document is about that is about no bill, in the place of one."""

    account_id: int
    from_date: date
    to_date: date
    currency: str
    facts: Mapping[str, Any]
    id: int | None = None


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """What is to be written about `bill` (a row of `invoice`, or an occasion); `facts` are added to its own."""

    invoice_id: int
    series: str
    prefix: str
    bill: Row[Any] | Occasion
    lines: tuple[BillLine, ...]
    due_on: date
    facts: Mapping[str, Any]
    corrects_id: int | None = None
    estimated: bool = False

    @property
    def total_minor(self) -> int:
        """What the lines come to."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def by_book(self) -> Counter[str]:
        """The same, by the book it is booked on."""
        sums: Counter[str] = Counter()
        for line in self.lines:
            sums[BOOKS.get(line.kind, "revenue")] += line.amount_minor
        return sums


@dataclass(frozen=True, slots=True)
class Written:
    """What customers know a document by."""

    number: str
    token: str


async def write(conn: AsyncConnection, context: Context, note: DocumentDraft) -> Written:
    """Write the document. The caller holds the bill's open item, so that no two are written at once."""
    bill, by_book, today, [token] = note.bill, note.by_book, context.today(), tokens(1)
    values = {
        "id": note.invoice_id,
        "account_id": bill.account_id,
        "series": note.series,
        "from_date": bill.from_date,
        "to_date": bill.to_date,
        "revision": await _nth(conn, note),
        "state": "final",
        "token": token,
        "currency": bill.currency,
        "total_minor": note.total_minor,
        "tax_minor": by_book["tax"],
        "rounding_minor": by_book["rounding"],
        "reward_minor": by_book["rewards_cost"],
        "estimated": note.estimated,
        "issued_on": today,
        "due_on": note.due_on,
        "facts": {**bill.facts, **note.facts},
        "finalised_at": context.clock.now(),
        "corrects_id": note.corrects_id,
    }
    await _post(conn, context, note)
    await conn.execute(insert(invoice_line), [_row(note.invoice_id, line, today) for line in note.lines])
    written = f"{note.prefix}{await number.take(conn, note.series, 1):0{number.WIDTH}d}"
    await conn.execute(insert(invoice).values(values | {"number": written}))
    return Written(written, token)


async def _nth(conn: AsyncConnection, note: DocumentDraft) -> int:
    """How many documents of the series the bill's days have had."""
    query = select(func.count()).where(
        invoice.c.account_id == note.bill.account_id,
        invoice.c.from_date == note.bill.from_date,
        invoice.c.series == note.series,
    )
    return int((await conn.execute(query)).scalar_one())


async def _post(conn: AsyncConnection, context: Context, note: DocumentDraft) -> None:
    """What each book gives to what she owes; the other way round where it is below zero."""
    hers = receivable(note.bill.account_id)
    postings = [
        Posting(
            *((Book(book), hers) if minor > 0 else (hers, Book(book))),
            abs(minor),
            note.bill.currency,
            f"{note.series}: {book}",
        )
        for book, minor in sorted(note.by_book.items())
        if minor
    ]
    kind = "credit" if note.corrects_id else "invoice"
    await post(
        conn,
        context,
        key=f"invoice:{note.invoice_id}",
        kind=kind,
        booked_on=context.today(),
        postings=postings,
        details={"corrects": str(note.bill.id)} if note.bill.id else None,
    )


def _row(invoice_id: int, line: BillLine, today: date) -> dict[str, Any]:
    names = ("position", "service_id", "code", "quantity_micro", "unit", "price", "amount_minor", "kind", "part_of")
    own = {name: getattr(line, name) for name in names}
    return {"invoice_id": invoice_id, **own, "label": dict(line.label), "booked_on": today}
