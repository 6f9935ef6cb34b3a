"""Gapless legal numbers: one row a series, moved on in the very transaction that makes the invoices final.

The row is locked last and held briefly: until the commit that writes the numbers. A rollback gives the numbers back, so none is
ever missing; ids (core/ids.py) make no such promise.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import insert
from core.ledger.tables import number_series

WIDTH = 6
"""Digits a number has at least: INV-000001."""


async def hold(conn: AsyncConnection, series: str) -> None:
    """Let nobody else take a number of `series` until this commits."""
    new = insert(conn, number_series).values(series=series, last=0)
    await conn.execute(new.on_conflict_do_nothing(index_elements=["series"]))
    mine = select(number_series.c.last).where(number_series.c.series == series)
    await conn.execute(mine.with_for_update())


async def take(conn: AsyncConnection, series: str, count: int) -> int:
    """The first of the next `count` numbers of `series`, from 1."""
    new = insert(conn, number_series).values(series=series, last=0)
    await conn.execute(new.on_conflict_do_nothing(index_elements=["series"]))
    moved = update(number_series).where(number_series.c.series == series).values(last=number_series.c.last + count)
    return int((await conn.execute(moved.returning(number_series.c.last))).scalar_one()) - count + 1


async def last(conn: AsyncConnection, series: str) -> int:
    """The last number given; 0 when none was."""
    query = select(number_series.c.last).where(number_series.c.series == series)
    return int((await conn.execute(query)).scalar_one_or_none() or 0)


def written(prefix: str, number: ColumnElement[Any]) -> ColumnElement[Any]:
    """The number as customers read it, in SQL: the prefix, and at least six digits."""
    padded = func.substr(cast(number + 10**WIDTH, Text), 2)
    digits = case((number < 10**WIDTH, padded), else_=cast(number, Text))
    return literal(prefix, Text) + digits
