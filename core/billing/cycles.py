"""Rows of `cycle` say which account closes which period on which day; here the first of an account is opened.

The arithmetic of days is in `periods.py`. Every later cycle is opened by the run that builds (or parks) the one before it.
"""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.periods import close_day, cycles_json, next_period, periods
from core.billing.tables import cycle
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.parties.tables import account

__all__ = ["close_day", "cycles_json", "open_cycles", "periods"]

UNBILLED = ("lead", "closed", "final_billed")
"""Accounts in these states have no cycles."""


async def open_cycles(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> int:
    """Open the first cycle of each account that has none, from the day the account was opened; how many."""
    known = select(cycle.c.account_id).where(cycle.c.account_id == account.c.id).exists()
    query = select(account.c.id, account.c.bill_day, account.c.opened_on).where(
        in_list(conn, account.c.id, account_ids), ~known, account.c.state.not_in(UNBILLED)
    )
    rows = (await conn.execute(query.order_by(account.c.id))).all()
    ids = context.ids.take_many(len(rows))
    return await insert_many(
        conn,
        cycle,
        ("id", "account_id", "from_date", "to_date", "state"),
        [
            (number, row.id, *next_period(row.bill_day, row.opened_on), "open")
            for number, row in zip(ids, rows, strict=True)
        ],
        skip_known=True,
    )


async def due_dates(conn: AsyncConnection, state: str, on: date) -> Sequence[date]:
    """The days on or before `on` on which cycles in `state` close, earliest first."""
    query = select(cycle.c.to_date).where(cycle.c.state == state, cycle.c.to_date <= on).distinct()
    return (await conn.execute(query.order_by(cycle.c.to_date))).scalars().all()


async def count(conn: AsyncConnection, state: str, on: date) -> int:
    """How many cycles in `state` close on or before `on`."""
    query = select(func.count()).where(cycle.c.state == state, cycle.c.to_date <= on)
    return int((await conn.execute(query)).scalar_one())


async def unbilled_since(conn: AsyncConnection, on: date) -> date | None:
    """The first day that no bill covers of the cycles that close on or before `on`; None when all are billed."""
    query = select(func.min(cycle.c.from_date)).where(cycle.c.state.in_(("open", "parked")), cycle.c.to_date <= on)
    first: date | None = (await conn.execute(query)).scalar_one()
    return first
