"""Credit notes: what a final bill was wrong by, as a document of its own, with gapless numbers and postings of its own.

The bill stays as it was. A note's lines are the bill's lines the other way round, each naming the one it is of; its journal gives back
exactly the revenue and the tax that those lines had booked. What is open of the bill is the caller's business.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import number
from core.billing.credit_cut import Cut, Follower, followers, late_follower, left, off_line, share
from core.billing.model import CREDIT, BillLine
from core.billing.queries import lines_of
from core.billing.store import tokens
from core.billing.tables import invoice, invoice_line
from core.catalog import queries as catalog
from core.errors import Refused
from core.house import House
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.parties.tables import service_plan

WHOLE_BILL = -1
"""Stands for every line of the bill."""
BOOKS = {"tax": "tax", "rounding": "rounding", "reward": "rewards_cost"}
"""The book that a line of this kind was booked on; all others are revenue."""


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note; `amount_minor` (> 0) is what it takes off."""

    invoice_id: int
    number: str
    token: str
    amount_minor: int
    tax_minor: int


async def cut_of(conn: AsyncConnection, invoice_id: int, position: int, amount_minor: int | None) -> Cut:
    """What to take off: `amount_minor` of the item (None: all that is left of it), and what was reckoned on it.

    Of a line the amount is before the taxes that follow it; of the whole bill (position -1) it is all in all.
    """
    lines = await lines_of(conn, invoice_id)
    rest = left(lines, await _taken(conn, invoice_id))
    line = next((one for one in lines if one.position == position), None)
    if line is None and position != WHOLE_BILL:
        raise Refused("dispute.unknown_line", status=404)
    most = rest[line.position] if line else sum(rest.values())
    amount = most if amount_minor is None else amount_minor
    if not 0 < amount <= most:
        raise Refused("credit.amount", status=409)
    if line is None:
        return share(rest, amount)
    found = [*await _followers(conn, invoice_id, line), *late_follower(lines, line)]
    return off_line(lines, rest, line, amount, found)


async def _followers(conn: AsyncConnection, invoice_id: int, line: BillLine) -> list[Follower]:
    """The shares of the tariff that the service was on at the end of the bill's days."""
    plan = service_plan.c
    query = (
        select(plan.tariff, invoice.c.from_date, invoice.c.to_date)
        .join_from(invoice, service_plan, plan.from_date < invoice.c.to_date)
        .where(invoice.c.id == invoice_id, plan.service_id == line.service_id)
        .order_by(plan.from_date.desc())
    )
    row = (await conn.execute(query.limit(1))).first()
    if row is None:
        return []
    return followers((await catalog.versions_between(conn, row.tariff, row.from_date, row.to_date))[-1])


async def _taken(conn: AsyncConnection, invoice_id: int) -> dict[int, int]:
    """What earlier credit notes took of each line."""
    taken: Counter[int] = Counter()
    query = select(invoice_line.c.position, invoice_line.c.amount_minor, invoice.c.facts).join_from(
        invoice_line, invoice, invoice.c.id == invoice_line.c.invoice_id
    )
    for position, amount, facts in await conn.execute(query.where(invoice.c.corrects_id == invoice_id)):
        taken[facts["corrects"]["lines"][str(position)]] -= amount
    return taken


async def credit(conn: AsyncConnection, house: House, invoice_id: int, cut: Cut, why: Mapping[str, str]) -> CreditNote:
    """Write the note: document, lines, journal and number. The caller holds the bill's open item, so that no two are cut at once."""
    bill = (await conn.execute(select(invoice).where(invoice.c.id == invoice_id))).one()
    lines = [line for line in await lines_of(conn, invoice_id) if line.position in cut]
    note_id, [token] = house.ids.take(), tokens(1)
    refers = {str(at): line.position for at, line in enumerate(lines, 1)}
    facts = {**bill.facts, "corrects": {"number": bill.number, "lines": refers, **why}}
    by_book = _by_book(lines, cut)
    total = sum(cut.values())
    if total <= 0:
        raise Refused("credit.amount", status=409)
    values = {
        "id": note_id, "account_id": bill.account_id, "series": CREDIT, "from_date": bill.from_date,
        "to_date": bill.to_date, "revision": await _revision(conn, bill), "state": "final", "token": token,
        "currency": bill.currency, "total_minor": -total, "tax_minor": -by_book["tax"],
        "rounding_minor": -by_book["rounding"], "reward_minor": -by_book["rewards_cost"], "estimated": False,
        "issued_on": house.today(), "due_on": house.today(), "facts": facts, "finalised_at": house.clock.now(),
        "corrects_id": invoice_id,
    }  # fmt: skip
    await _post(conn, house, bill, note_id, by_book)
    await conn.execute(insert(invoice_line), [_line(house, note_id, at, line, cut) for at, line in enumerate(lines, 1)])
    written = f"{house.operator.billing.credit_prefix}{await number.take(conn, CREDIT, 1):0{number.WIDTH}d}"
    await conn.execute(insert(invoice).values(values | {"number": written}))
    return CreditNote(note_id, written, token, total, by_book["tax"])


def _by_book(lines: Sequence[BillLine], cut: Cut) -> Counter[str]:
    """What goes back to each book."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[BOOKS.get(line.kind, "revenue")] += cut[line.position]
    return sums


async def _revision(conn: AsyncConnection, bill: Row[Any]) -> int:
    query = select(func.count()).where(
        invoice.c.account_id == bill.account_id, invoice.c.from_date == bill.from_date, invoice.c.series == CREDIT
    )
    return int((await conn.execute(query)).scalar_one())


async def _post(conn: AsyncConnection, house: House, bill: Row[Any], note_id: int, by_book: Mapping[str, int]) -> None:
    """The bill's own postings the other way round, as far as they are credited."""
    hers = receivable(bill.account_id)
    postings = [
        Posting(
            *((hers, Book(book)) if minor > 0 else (Book(book), hers)), abs(minor), bill.currency, f"credit: {book}"
        )
        for book, minor in sorted(by_book.items())
        if minor
    ]
    await post(
        conn, house, key=f"invoice:{note_id}", kind="credit", booked_on=house.today(), postings=postings,
        details={"corrects": str(bill.id)},
    )  # fmt: skip


def _line(house: House, note_id: int, at: int, line: BillLine, cut: Cut) -> dict[str, Any]:
    """A line of the note; quantity and price only where the whole line is taken back."""
    minor = cut[line.position]
    whole = minor == line.amount_minor
    return {
        "invoice_id": note_id, "position": at, "service_id": line.service_id, "code": line.code, "label": dict(line.label),
        "quantity_micro": -line.quantity_micro if whole and line.quantity_micro is not None else None,
        "unit": line.unit if whole else None, "price": line.price if whole else None, "amount_minor": -minor,
        "kind": line.kind, "booked_on": house.today(),
    }  # fmt: skip


async def note_of(conn: AsyncConnection, invoice_id: int, dispute_id: int) -> CreditNote | None:
    """The note that a dispute of a bill led to."""
    columns = [invoice.c[name] for name in ("id", "number", "token", "total_minor", "tax_minor", "facts")]
    for row in await conn.execute(select(*columns).where(invoice.c.corrects_id == invoice_id)):
        if row.facts["corrects"].get("dispute") == str(dispute_id):
            return CreditNote(row.id, row.number, row.token, -row.total_minor, -row.tax_minor)
    return None
