"""Posts a whole partition of a bill run at once: journals, postings and balances as a handful of set statements.

The caller stages one row per journal (owner, amounts as plain integers) in a temporary table; nothing here goes through Python
row by row. The rules are those of `post.py`: key unique for ever, balances in the same transaction, rows locked in id order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import Instant, Json, insert
from core.ledger.books import find_or_open
from core.ledger.model import Book
from core.ledger.tables import balance, journal, ledger_account, posting, seal_due


@dataclass(frozen=True, slots=True)
class SetLeg:
    """One posting of each journal: from the house's `book` to the owner's when `amount` > 0, back when < 0, none when 0."""

    book: str
    amount: ColumnElement[Any]
    why: str


@dataclass(frozen=True, slots=True)
class SetJournals:
    """One journal `<kind>:<subject>` for each row of the temporary `table`, between the owner's `book` and the house's books.

    `n` counts the rows from 0, `owner` is the customer's account (each once), `subject` ends the key; `book_id` is an empty column
    that is filled with the ledger account of each owner. Journals and postings get ids from `first_id` on: `ids_needed` of them.
    """

    table: Table
    n: ColumnElement[Any]
    owner: ColumnElement[Any]
    subject: ColumnElement[Any]
    book_id: Column[Any]
    legs: Sequence[SetLeg]
    kind: str
    book: str
    asset: str
    booked_on: date
    first_id: int

    @property
    def step(self) -> int:
        """Ids per row: its journal's and one for each leg."""
        return 1 + len(self.legs)

    @property
    def journal_id(self) -> ColumnElement[Any]:
        """The id of a row's journal."""
        return literal(self.first_id) + self.n * self.step

    @property
    def moved(self) -> ColumnElement[Any]:
        """By how much the owner's book changes."""
        return sum((leg.amount for leg in self.legs[1:]), start=self.legs[0].amount)


def ids_needed(journals: int, legs: int) -> int:
    """How many ids in one block `post_set` uses: each journal's own and one for each of its postings."""
    return journals * (1 + legs)


async def post_set(conn: AsyncConnection, context: Context, journals: SetJournals) -> None:
    """Post them all. A key that is posted already breaks on its unique constraint: the caller stages only what is new."""
    await _find_books(conn, journals)
    await _open_books(conn, context, journals)
    ours = await find_or_open(conn, context, [(Book(leg.book), journals.asset) for leg in journals.legs])
    house_ids = [ours[Book(leg.book), journals.asset] for leg in journals.legs]
    await _lock(conn, journals, house_ids)
    await _journals(conn, context, journals)
    for at, house_id in enumerate(house_ids):
        await conn.execute(sql_insert(posting).from_select(_COLUMNS, _postings(journals, at, house_id)))
    await _balances(conn, context, journals, house_ids)
    await _to_seal(conn, journals)


_COLUMNS = ["id", "journal_id", "source_id", "destination_id", "amount", "asset", "why", "booked_on"]


async def _find_books(conn: AsyncConnection, journals: SetJournals) -> None:
    """Put each owner's ledger account on its row: a look-up by the unique key, whatever a planner thinks of a fresh table."""
    mine = select(ledger_account.c.id).where(
        ledger_account.c.code == journals.book,
        ledger_account.c.owner_id == journals.owner,
        ledger_account.c.asset == journals.asset,
    )
    match = update(journals.table).where(journals.book_id.is_(None)).values({journals.book_id: mine.scalar_subquery()})
    await conn.execute(match)


async def _open_books(conn: AsyncConnection, context: Context, journals: SetJournals) -> None:
    missing = select(journals.owner).where(journals.book_id.is_(None)).order_by(journals.owner)
    owners = (await conn.execute(missing)).scalars().all()
    if not owners:
        return
    ids = context.ids.take_many(len(owners))
    rows = [(number, journals.book, owner, journals.asset) for number, owner in zip(ids, owners, strict=True)]
    await insert_many(conn, ledger_account, ("id", "code", "owner_id", "asset"), rows, skip_known=True)
    await _find_books(conn, journals)


async def _lock(conn: AsyncConnection, journals: SetJournals, house_ids: Sequence[int]) -> None:
    """Every balance that will move, in the order of ids (SQLite has one writer anyway)."""
    if conn.dialect.name == "sqlite":
        return
    ours = select(ledger_account.c.id).where(ledger_account.c.id.in_(house_ids))
    touched = union_all(select(journals.book_id.label("id")), ours).subquery()
    locked = (
        select(balance.c.amount)
        .where(balance.c.ledger_account_id.in_(select(touched.c.id)))
        .order_by(balance.c.ledger_account_id)
        .with_for_update()
    )
    await conn.execute(select(func.count()).select_from(locked.subquery()))


async def _journals(conn: AsyncConnection, context: Context, journals: SetJournals) -> None:
    key = literal(f"{journals.kind}:", Text) + cast(journals.subject, Text)
    rows = select(
        journals.journal_id,
        key,
        literal(journals.kind, Text),
        literal(journals.booked_on),
        literal(context.clock.now(), Instant()),
        literal({}, Json),
    ).select_from(journals.table)
    columns = ["id", "key", "kind", "booked_on", "at", "details"]
    await conn.execute(sql_insert(journal).from_select(columns, rows))


def _postings(journals: SetJournals, at: int, house_id: int) -> Select[Any]:
    """The postings of one leg, of the rows in which it moves anything."""
    leg, owner_id = journals.legs[at], journals.book_id
    up = leg.amount > 0
    rows = select(
        journals.journal_id + literal(at + 1),
        journals.journal_id,
        case((up, literal(house_id)), else_=owner_id),
        case((up, owner_id), else_=literal(house_id)),
        func.abs(leg.amount),
        literal(journals.asset, Text),
        literal(leg.why, Text),
        literal(journals.booked_on),
    )
    return rows.select_from(journals.table).where(leg.amount != 0)


async def _balances(conn: AsyncConnection, context: Context, journals: SetJournals, house_ids: Sequence[int]) -> None:
    """The owners' by one upsert (a balance not there yet begins with what moved), the house's by the sums of the legs."""
    now, legs = context.clock.now(), journals.legs
    rows = select(journals.book_id, journals.moved, literal(now, Instant())).where(true()).order_by(journals.book_id)
    new = insert(conn, balance).from_select(["ledger_account_id", "amount", "at"], rows)
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=["ledger_account_id"],
            set_={"amount": balance.c.amount + new.excluded.amount, "at": new.excluded.at},
        )
    )
    sums = select(*(func.coalesce(func.sum(leg.amount), 0) for leg in legs)).select_from(journals.table)
    totals = (await conn.execute(sums)).one()
    for house_id, total in sorted(zip(house_ids, totals, strict=True)):
        statement = update(balance).where(balance.c.ledger_account_id == house_id)
        await conn.execute(statement.values(amount=balance.c.amount - int(total), at=now))


async def _to_seal(conn: AsyncConnection, journals: SetJournals) -> None:
    counts = [func.coalesce(func.sum(cast(leg.amount != 0, Integer)), 0) for leg in journals.legs]
    rows, *each = (await conn.execute(select(func.count(), *counts).select_from(journals.table))).one()
    if sum(each):
        last_id = journals.first_id + rows * journals.step - 1
        await conn.execute(
            insert(conn, seal_due).values(first_id=journals.first_id, last_id=last_id, postings=int(sum(each)))
        )
