"""Below how much prepaid money a customer is told: the operator's amount, or the one she chose herself (0: never)."""

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.balances.tables import low_money
from core.context import Context
from core.db.engine import insert
from core.db.in_list import in_list


async def amounts(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> dict[int, int]:
    """Account -> minor units of the house's currency; 0: she is not told."""
    rule = context.operator.balances.low_money
    usual = 0 if rule is None else money.parse(rule, context.currency)
    query = select(low_money.c.account_id, low_money.c.minor).where(in_list(conn, low_money.c.account_id, account_ids))
    own = {row.account_id: row.minor for row in await conn.execute(query)}
    return {account_id: own.get(account_id, usual) for account_id in account_ids}


async def choose(conn: AsyncConnection, context: Context, account_id: int, minor: int | None) -> None:
    """She wants to be told below this; None: as the operator does."""
    if minor is None:
        await conn.execute(delete(low_money).where(low_money.c.account_id == account_id))
        return
    row = {"minor": max(0, minor), "at": context.clock.now()}
    new = insert(conn, low_money).values(account_id=account_id, **row)
    await conn.execute(new.on_conflict_do_update(index_elements=["account_id"], set_=row))
