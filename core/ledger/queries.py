"""What the books say: balances, live, each with the instant of its last change."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

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
