"""What the pages of a day ask: its differences, the days that are closed, money in suspense by age."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import AnyRow
from core.payments.reconcile.tables import difference
from core.payments.tables import receipt

AGES = ((0, 1), (2, 7), (8, 30), (31, 10_000))
"""Days of age of money in suspense, from and to."""


async def of_day(conn: AsyncConnection, on: date, *, branch_id: int | None = None) -> Sequence[AnyRow]:
    """The differences of a day (of one branch) that have not come right, the open ones first."""
    query = select(difference).where(difference.c.day == on, difference.c.state != "cleared")
    if branch_id is not None:
        query = query.where(difference.c.branch_id == branch_id)
    return (await conn.execute(query.order_by(difference.c.state.desc(), difference.c.kind, difference.c.id))).all()


async def before(conn: AsyncConnection, on: date, *, branch_id: int | None = None) -> Sequence[AnyRow]:
    """(day, how many) of earlier days with differences in the way, of a branch or of all."""
    query = select(difference.c.day, func.count().label("count")).where(
        difference.c.day < on, difference.c.state.in_(("open", "asked"))
    )
    if branch_id is not None:
        query = query.where(difference.c.branch_id == branch_id)
    return (await conn.execute(query.group_by(difference.c.day).order_by(difference.c.day))).all()


async def suspense_by_age(conn: AsyncConnection, today: date) -> list[tuple[int, int, int, int]]:
    """(from days, to days, how many, minor units) of money that waits in suspense."""
    query = select(receipt.c.booked_on, receipt.c.amount_minor - receipt.c.reversed_minor)
    rows = [(row[0], row[1]) for row in await conn.execute(query.where(receipt.c.state == "suspense"))]
    ages = [((today - booked).days, minor) for booked, minor in rows]
    return [
        (
            first,
            last,
            sum(1 for age, _ in ages if first <= age <= last),
            sum(minor for age, minor in ages if first <= age <= last),
        )
        for first, last in AGES
    ]
