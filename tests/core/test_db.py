"""writing() is one transaction and loses no update; instants come back aware."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update

from core.db.engine import Database, insert
from core.db.idempotency import effect, once
from core.ledger.tables import number_series


async def test_a_hundred_parallel_additions_all_count(db: Database) -> None:
    async with db.writing() as conn:
        await conn.execute(insert(conn, number_series).values(series="s", last=0))

    async def add() -> None:
        async with db.writing() as conn:
            query = select(number_series.c.last).where(number_series.c.series == "s").with_for_update()
            last = (await conn.execute(query)).scalar_one()
            await conn.execute(update(number_series).values(last=last + 1))

    await asyncio.gather(*(add() for _ in range(100)))
    async with db.reading() as conn:
        assert (await conn.execute(select(number_series.c.last))).scalar_one() == 100


async def test_writing_inside_writing_is_refused(db: Database) -> None:
    async with db.writing():
        with pytest.raises(RuntimeError, match="inside writing"):
            async with db.writing():
                pass


async def test_what_raises_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.writing() as conn:
            await conn.execute(insert(conn, number_series).values(series="s", last=0))
            raise ZeroDivisionError
    async with db.reading() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM number_series"))).scalar_one() == 0


async def test_an_effect_repeated_at_once_happens_once_and_answers_the_same(db: Database) -> None:
    done: list[int] = []

    async def turn(number: int) -> object:
        async def do() -> object:
            done.append(number)
            return {"answer": number}

        async with db.writing() as conn:
            return await once(conn, "pay:1", datetime(2026, 1, 1, tzinfo=UTC), do)

    answers = await asyncio.gather(*(turn(number) for number in range(20)))
    assert len(done) == 1
    assert all(answer == {"answer": done[0]} for answer in answers)


async def test_instants_come_back_aware_and_naive_ones_are_refused(db: Database) -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    async with db.writing() as conn:
        await conn.execute(insert(conn, effect).values(key="k", at=at))
        assert (await conn.execute(select(effect.c.at))).scalar_one() == at
    with pytest.raises(Exception, match="has no zone"):
        async with db.writing() as conn:
            await conn.execute(insert(conn, effect).values(key="n", at=datetime(2026, 1, 1)))  # noqa: DTZ001
