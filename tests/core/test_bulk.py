"""Bulk rows belong to the caller's transaction, on both databases, also when nothing else was said in it before."""

import pytest
from sqlalchemy import select

from core.db import bulk
from core.db.engine import Database
from core.parties.tables import branch


async def _codes(db: Database) -> list[str]:
    async with db.reading() as conn:
        return list((await conn.execute(select(branch.c.code).order_by(branch.c.id))).scalars())


async def _put(db: Database, *codes: str) -> None:
    async with db.writing() as conn:
        await bulk.insert_many(conn, branch, ("id", "code", "name"), _rows(codes))


def _rows(codes: tuple[str, ...]) -> list[tuple[int, str, str]]:
    return [(number, code, code) for number, code in enumerate(codes, 1)]


async def test_a_bulk_insert_is_undone_with_its_transaction(db: Database) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        async with db.writing() as conn:
            await bulk.insert_many(conn, branch, ("id", "code", "name"), _rows(("a", "b")))
            raise RuntimeError("stop")
    assert await _codes(db) == []


async def test_known_rows_are_left_out_when_asked(db: Database) -> None:
    await _put(db, "a")
    async with db.writing() as conn:
        new = await bulk.insert_many(conn, branch, ("id", "code", "name"), _rows(("a", "b")), skip_known=True)
    assert (new, await _codes(db)) == (1, ["a", "b"])


async def test_many_rows_get_new_values_and_only_where_every_key_fits(db: Database) -> None:
    await _put(db, "a", "b", "c")
    async with db.writing() as conn:
        await bulk.update_many(
            conn, branch, ("id", "name"), ("code",), [("x", 1, "a"), ("y", 2, "b"), ("z", 3, "other")]
        )
    assert await _codes(db) == ["x", "y", "c"]


async def test_a_bulk_update_is_undone_with_its_transaction(db: Database) -> None:
    await _put(db, "a")
    with pytest.raises(RuntimeError, match="stop"):
        async with db.writing() as conn:
            await bulk.update_many(conn, branch, ("id",), ("code",), [("x", 1)])
            raise RuntimeError("stop")
    assert await _codes(db) == ["a"]


MANY = 443
"""Two statements of two hundred rows on SQLite, two of twenty, and three alone."""


async def test_many_rows_go_in_whatever_their_number_and_are_counted(db: Database) -> None:
    codes = tuple(f"c{number:03}" for number in range(MANY))
    await _put(db, *codes[:250])
    async with db.writing() as conn:
        new = await bulk.insert_many(conn, branch, ("id", "code", "name"), _rows(codes), skip_known=True)
    assert (new, await _codes(db)) == (MANY - 250, list(codes))


async def test_more_than_a_thousand_that_may_be_known_are_told_apart_too(db: Database) -> None:
    codes = tuple(f"c{number:04}" for number in range(1_203))
    await _put(db, *codes[:3])
    async with db.writing() as conn:
        new = await bulk.insert_many(conn, branch, ("id", "code", "name"), _rows(codes), skip_known=True)
    assert (new, await _codes(db)) == (1_200, list(codes))


async def test_each_of_many_rows_gets_its_own_value_and_all_get_the_one_they_share(db: Database) -> None:
    codes = tuple(f"c{number:03}" for number in range(MANY))
    await _put(db, *codes)
    async with db.writing() as conn:
        rows = [(f"x{number:03}", "Shared", number) for number in range(1, MANY + 1)]
        await bulk.update_many(conn, branch, ("id",), ("code", "name"), rows)
        await bulk.update_many(conn, branch, ("name", "id"), ("code",), [("first", "Shared", 1), ("none", "Other", 2)])
        names = set((await conn.execute(select(branch.c.name))).scalars())
    assert names == {"Shared"}
    assert await _codes(db) == ["first", *(f"x{number:03}" for number in range(2, MANY + 1))]
