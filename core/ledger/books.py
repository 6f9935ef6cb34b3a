"""Finds ledger accounts (and opens those that are not there yet), each with its balance of nothing."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.ledger.model import Book
from core.ledger.tables import balance, ledger_account

Key = tuple[Book, str]
"""A book and an asset: what a ledger account is."""

CHUNK = 2_000
"""Keys asked for in one statement; three parameters each, and SQLite takes 32,766."""


async def find_or_open(conn: AsyncConnection, context: Context, keys: Iterable[Key]) -> dict[Key, int]:
    """The ledger account id of each (book, asset). Keys are opened in one order everywhere, so that no two wait in a ring."""
    wanted = sorted(set(keys))
    match: dict[Key, int] = {}
    for some in _chunks(wanted):
        match.update(await _find(conn, some))
        missing = [key for key in some if key not in match]
        if missing:
            await _open(conn, context, missing)
            match.update(await _find(conn, missing))
    return match


async def _find(conn: AsyncConnection, keys: Sequence[Key]) -> dict[Key, int]:
    table = ledger_account.c
    triples = [(book.code, book.owner_id, asset) for book, asset in keys]
    query = select(ledger_account).where(tuple_(table.code, table.owner_id, table.asset).in_(triples))
    return {(Book(row.code, row.owner_id), row.asset): row.id for row in await conn.execute(query)}


async def _open(conn: AsyncConnection, context: Context, keys: Sequence[Key]) -> None:
    """Whoever commits first opens it; the other waits, inserts nothing, and finds it."""
    rows = [
        {"id": context.ids.take(), "code": book.code, "owner_id": book.owner_id, "asset": asset} for book, asset in keys
    ]
    statement = (
        insert(conn, ledger_account)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["code", "owner_id", "asset"])
        .returning(ledger_account.c.id)
    )
    opened = (await conn.execute(statement)).scalars().all()
    if opened:
        now = context.clock.now()
        await conn.execute(
            insert(conn, balance), [{"ledger_account_id": number, "amount": 0, "at": now} for number in opened]
        )


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
