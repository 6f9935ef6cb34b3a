"""Posts a whole partition of a bill run at once: journals, postings and balances as a handful of set statements.

The caller stages one row per journal (owner, amounts as plain integers) in a temporary table; nothing here goes through Python
row by row. The rules are those of `post.py`: key unique for ever, balances in the same transaction, rows locked in id order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Table, Text, case, cast, func, literal, select, union_all, update
from sqlalchemy import insert as sql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.bulk import insert_many
from core.db import Instant, Json, insert
from core.house import House
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
class Staged:
    """The temporary table and its columns: `n` counts from 0, `owner` is the customer's account (each once), `subject` ends the key."""

    table: Table
    n: ColumnElement[Any]
    owner: ColumnElement[Any]
    subject: ColumnElement[Any]


def ids_needed(journals: int, legs: int) -> int:
    """How many ids in one block `post_set` uses: each journal's own and one for each of its postings."""
    return journals * (1 + legs)


async def post_set(
    conn: AsyncConnection,
    house: House,
    staged: Staged,
    legs: Sequence[SetLeg],
    *,
    kind: str,
    book: str,
    asset: str,
    booked_on: date,
    first_id: int,
) -> None:
    """Post one journal `<kind>:<subject>` for every staged row between the owner's `book` and the house's books."""
    await _open_books(conn, house, staged, book, asset)
    ours = await find_or_open(conn, house, [(Book(leg.book), asset) for leg in legs])
    house_ids = [ours[Book(leg.book), asset] for leg in legs]
    await _lock(conn, staged, book, asset, house_ids)
    step = 1 + len(legs)
    number = literal(first_id) + staged.n * step
    await _journals(conn, house, staged, number, kind, booked_on)
    owner_id = ledger_account.c.id
    for at, (leg, house_id) in enumerate(zip(legs, house_ids, strict=True), start=1):
        rows = _postings(leg, house_id, owner_id, number, at, asset, booked_on)
        await conn.execute(sql_insert(posting).from_select(_COLUMNS, _with_books(rows, staged, book, asset)))
    await _balances(conn, house, staged, legs, house_ids, book, asset)
    await _to_seal(conn, staged, legs, first_id, step)


_COLUMNS = ["id", "journal_id", "source_id", "destination_id", "amount", "asset", "why", "booked_on"]


def _with_books(query: Select[Any], staged: Staged, book: str, asset: str) -> Select[Any]:
    """The owners' ledger accounts joined to the staged rows."""
    mine = (ledger_account.c.code == book) & (ledger_account.c.asset == asset)
    return query.select_from(staged.table).join(ledger_account, mine & (ledger_account.c.owner_id == staged.owner))


async def _open_books(conn: AsyncConnection, house: House, staged: Staged, book: str, asset: str) -> None:
    known = select(ledger_account.c.id).where(
        ledger_account.c.code == book, ledger_account.c.owner_id == staged.owner, ledger_account.c.asset == asset
    )
    owners = (await conn.execute(select(staged.owner).where(~known.exists()).order_by(staged.owner))).scalars().all()
    if not owners:
        return
    ids = house.ids.take_many(len(owners))
    rows = [(number, book, owner, asset) for number, owner in zip(ids, owners, strict=True)]
    await insert_many(conn, ledger_account, ("id", "code", "owner_id", "asset"), rows, skip_known=True)
    empty = select(ledger_account.c.id, literal(0), literal(house.clock.now(), Instant())).where(
        ~select(balance.c.ledger_account_id).where(balance.c.ledger_account_id == ledger_account.c.id).exists()
    )
    fresh = _with_books(empty, staged, book, asset)
    statement = insert(conn, balance).from_select(["ledger_account_id", "amount", "at"], fresh)
    await conn.execute(statement.on_conflict_do_nothing(index_elements=["ledger_account_id"]))


async def _lock(conn: AsyncConnection, staged: Staged, book: str, asset: str, house_ids: Sequence[int]) -> None:
    if conn.dialect.name == "sqlite":
        return
    owners = _with_books(select(ledger_account.c.id), staged, book, asset)
    ours = select(ledger_account.c.id).where(ledger_account.c.id.in_(house_ids))
    touched = union_all(owners, ours).subquery()
    query = select(func.count()).select_from(
        select(balance.c.amount)
        .where(balance.c.ledger_account_id.in_(select(touched.c.id)))
        .order_by(balance.c.ledger_account_id)
        .with_for_update()
        .subquery()
    )
    await conn.execute(query)


async def _journals(
    conn: AsyncConnection, house: House, staged: Staged, number: ColumnElement[Any], kind: str, booked_on: date
) -> None:
    key = literal(f"{kind}:", Text) + cast(staged.subject, Text)
    rows = select(
        number, key, literal(kind, Text), literal(booked_on), literal(house.clock.now(), Instant()), literal({}, Json)
    )
    columns = ["id", "key", "kind", "booked_on", "at", "details"]
    await conn.execute(sql_insert(journal).from_select(columns, rows.select_from(staged.table)))


def _postings(
    leg: SetLeg, house_id: int, owner_id: ColumnElement[Any], number: ColumnElement[Any], at: int, asset: str, day: date
) -> Select[Any]:
    up = leg.amount > 0
    return select(
        number + literal(at), number, case((up, literal(house_id)), else_=owner_id),
        case((up, owner_id), else_=literal(house_id)), func.abs(leg.amount), literal(asset, Text),
        literal(leg.why, Text), literal(day),
    ).where(leg.amount != 0)  # fmt: skip


async def _balances(
    conn: AsyncConnection,
    house: House,
    staged: Staged,
    legs: Sequence[SetLeg],
    house_ids: Sequence[int],
    book: str,
    asset: str,
) -> None:
    now = house.clock.now()
    moved = sum((leg.amount for leg in legs[1:]), start=legs[0].amount)
    change = _with_books(select(ledger_account.c.id.label("book"), moved.label("moved")), staged, book, asset).subquery()
    await conn.execute(
        update(balance)
        .where(balance.c.ledger_account_id == change.c.book)
        .values(amount=balance.c.amount + change.c.moved, at=now)
    )
    totals = (
        await conn.execute(select(*(func.coalesce(func.sum(leg.amount), 0) for leg in legs)).select_from(staged.table))
    ).one()
    for house_id, total in sorted(zip(house_ids, totals, strict=True)):
        statement = update(balance).where(balance.c.ledger_account_id == house_id)
        await conn.execute(statement.values(amount=balance.c.amount - int(total), at=now))


async def _to_seal(conn: AsyncConnection, staged: Staged, legs: Sequence[SetLeg], first_id: int, step: int) -> None:
    counts = [func.coalesce(func.sum(cast(leg.amount != 0, Integer)), 0) for leg in legs]
    rows, *each = (await conn.execute(select(func.count(), *counts).select_from(staged.table))).one()
    if sum(each):
        due = {"first_id": first_id, "last_id": first_id + rows * step - 1, "postings": sum(each)}
        await conn.execute(insert(conn, seal_due).values(due))
