"""Appends journals: the only way money, points or units of energy move.

Rules kept: a key is posted once for ever (a repeat does nothing); balances change in the same transaction as the postings; their
rows are locked in the order of their ids, so that two journals over the same books wait for each other and never in a ring.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import insert
from core.ledger.books import Key, find_or_open
from core.ledger.model import Journal, Posting, movements, spans
from core.ledger.tables import balance, journal, posting, seal_due

FEW = 200
"""Up to so many rows go as one plain statement, more by the bulk path."""


async def post(
    conn: AsyncConnection,
    context: Context,
    *,
    key: str,
    kind: str,
    booked_on: date,
    postings: Sequence[Posting],
    details: Mapping[str, Any] | None = None,
    reverses_id: int | None = None,
) -> int | None:
    """Post one journal; its id, or None when `key` is already posted (then nothing happens)."""
    entry = Journal(key, kind, booked_on, postings, details or {}, reverses_id)
    return (await post_many(conn, context, [entry])).get(key)


async def post_many(conn: AsyncConnection, context: Context, journals: Sequence[Journal]) -> dict[str, int]:
    """Post journals; key -> id of those that are new. Far more than a thousand rows: reserve ids before `writing()`."""
    fresh: dict[str, int] = {}
    for start in range(0, len(journals), FEW):
        fresh.update(await _claim(conn, context, journals[start : start + FEW]))
    first_of_key = {entry.key: entry for entry in reversed(journals) if entry.key in fresh}
    entries = list(first_of_key.values())
    moved = movements(one for entry in entries for one in entry.postings)
    if moved:
        books = await find_or_open(conn, context, moved)
        await _move(conn, context, {books[key]: amount for key, amount in moved.items()})
        await _append(conn, context, entries, fresh, books)
    return fresh


async def _claim(conn: AsyncConnection, context: Context, journals: Sequence[Journal]) -> dict[str, int]:
    """Write the journal rows whose key is new; on PostgreSQL a second writer of a key waits here for the first."""
    now = context.clock.now()
    rows = [
        {
            "id": context.ids.take(),
            "key": entry.key,
            "kind": entry.kind,
            "booked_on": entry.booked_on,
            "at": now,
            "reverses_id": entry.reverses_id,
            "details": dict(entry.details),
        }
        for entry in {entry.key: entry for entry in reversed(journals)}.values()
    ]
    if not rows:
        return {}
    statement = insert(conn, journal).values(rows).on_conflict_do_nothing(index_elements=["key"])
    return {row.key: row.id for row in await conn.execute(statement.returning(journal.c.key, journal.c.id))}


async def _move(conn: AsyncConnection, context: Context, moved: Mapping[int, int]) -> None:
    """Change the balances, lowest id first."""
    now = context.clock.now()
    ids = sorted(moved)
    for start in range(0, len(ids), 10_000):
        query = select(balance.c.ledger_account_id).where(balance.c.ledger_account_id.in_(ids[start : start + 10_000]))
        await conn.execute(query.order_by(balance.c.ledger_account_id).with_for_update())
    statement = (
        update(balance)
        .where(balance.c.ledger_account_id == bindparam("book"))
        .values(amount=balance.c.amount + bindparam("moved"), at=bindparam("now"))
    )
    await conn.execute(statement, [{"book": number, "moved": moved[number], "now": now} for number in ids])


_COLUMNS = ("id", "journal_id", "source_id", "destination_id", "amount", "asset", "why", "booked_on")


async def _append(
    conn: AsyncConnection,
    context: Context,
    journals: Sequence[Journal],
    ids: Mapping[str, int],
    books: Mapping[Key, int],
) -> None:
    numbers = context.ids.take_many(sum(len(entry.postings) for entry in journals))
    each = ((entry, one) for entry in journals for one in entry.postings)
    rows = [
        (
            number,
            ids[entry.key],
            books[one.source, one.asset],
            books[one.destination, one.asset],
            one.amount,
            one.asset,
            one.why,
            entry.booked_on,
        )
        for number, (entry, one) in zip(numbers, each, strict=True)
    ]
    if len(rows) <= FEW:
        await conn.execute(insert(conn, posting), [dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        await insert_many(conn, posting, _COLUMNS, rows)
    due = [{"first_id": first, "last_id": last, "postings": last - first + 1} for first, last in spans(numbers)]
    await conn.execute(insert(conn, seal_due), due)
