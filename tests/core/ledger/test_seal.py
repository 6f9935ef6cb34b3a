"""What was written is sealed, and a row altered behind our back is found."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App
from core.ledger import verify
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.ledger.seal import seal_new

DAY = date(2026, 3, 10)


async def posted(app: App, *numbers: int) -> None:
    async with app.db.writing() as conn:
        for number in numbers:
            legs = [Posting(Book("revenue"), receivable(number), 100, "KES", "revenue")]
            await post(conn, app, key=f"invoice:{number}", kind="invoice", booked_on=DAY, postings=legs)


async def sealed(app: App) -> int:
    async with app.db.writing() as conn:
        return await seal_new(conn, app)


async def tamper(conn: AsyncConnection, statement: str) -> None:
    """As a database administrator would: the triggers out of the way first."""
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SET session_replication_role = replica"))
    else:
        for table in ("posting", "journal", "seal"):
            for verb in ("update", "delete"):
                await conn.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
    await conn.execute(text(statement))
    if conn.dialect.name == "postgresql":
        await conn.execute(text("SET session_replication_role = origin"))


async def test_seals_cover_everything_once(app: App) -> None:
    await posted(app, 1, 2)
    assert await sealed(app) == 2
    await posted(app, 3)
    assert [await sealed(app), await sealed(app)] == [1, 0]
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []


async def test_a_posting_of_an_older_block_of_ids_is_sealed_though_it_comes_late(app: App) -> None:
    late = app.db.ids
    await app.db.reserve_ids(2_000)
    block = late.take_many(10)
    await posted(app, 1)
    assert await sealed(app) == 1
    late.add(block[0], 10)
    late._blocks.rotate(1)
    await posted(app, 2)
    assert await sealed(app) == 1
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE posting SET why = 'gift' WHERE amount = 100",
        "UPDATE journal SET key = 'invoice:99' WHERE key = 'invoice:2'",
        "DELETE FROM posting WHERE journal_id = (SELECT id FROM journal WHERE key = 'invoice:2')",
        "DELETE FROM seal WHERE id = 1",
        "UPDATE balance SET amount = amount + 1 WHERE amount > 0",
        "INSERT INTO posting SELECT id + 1000000, journal_id, source_id, destination_id, amount, asset, why, booked_on "
        "FROM posting WHERE journal_id = (SELECT id FROM journal WHERE key = 'invoice:2')",
    ],
)
async def test_what_was_altered_by_hand_is_found(app: App, statement: str) -> None:
    await posted(app, 1, 2)
    await sealed(app)
    await posted(app, 3)
    await sealed(app)
    async with app.db.writing() as conn:
        await tamper(conn, statement)
        assert await verify.problems(conn) != []


async def test_the_database_itself_refuses_to_alter_a_posting(app: App) -> None:
    await posted(app, 1)
    with pytest.raises(Exception, match="append-only"):
        async with app.db.writing() as conn:
            await conn.execute(text("UPDATE posting SET amount = 1"))
