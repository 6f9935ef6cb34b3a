"""Bulk rows belong to the caller's transaction like any other."""

import pytest
from sqlalchemy import select

from core.bulk import insert_many
from core.db import Database
from core.parties.tables import branch


async def test_a_bulk_insert_that_comes_first_is_rolled_back_with_its_transaction(db: Database) -> None:
    with pytest.raises(KeyError):
        async with db.writing() as conn:
            await insert_many(conn, branch, ["id", "code", "name"], [(1, "a", "b")])
            raise KeyError
    async with db.reading() as conn:
        assert (await conn.execute(select(branch))).all() == []
