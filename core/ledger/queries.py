"""What the books say: balances, live, each with the instant of its last change."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ledger.model import Balance
from core.ledger.tables import balance as balances_table
from core.ledger.tables import ledger_account


async def balance(conn: AsyncConnection, code: str, owner_id: int, asset: str) -> int:
    """What one book holds of `asset`; 0 where it was never used."""
    query = (
        select(balances_table.c.amount)
        .join_from(balances_table, ledger_account, balances_table.c.ledger_account_id == ledger_account.c.id)
        .where(ledger_account.c.code == code, ledger_account.c.owner_id == owner_id, ledger_account.c.asset == asset)
    )
    return int((await conn.execute(query)).scalar_one_or_none() or 0)


async def balances(conn: AsyncConnection, owner_id: int) -> list[Balance]:
    """Every balance of one owner (0: the house's own), by code and asset."""
    query = (
        select(ledger_account.c.code, ledger_account.c.asset, balances_table.c.amount, balances_table.c.at)
        .join_from(balances_table, ledger_account, balances_table.c.ledger_account_id == ledger_account.c.id)
        .where(ledger_account.c.owner_id == owner_id)
        .order_by(ledger_account.c.code, ledger_account.c.asset)
    )
    return [Balance(row.code, row.asset, row.amount, row.at) for row in await conn.execute(query)]
