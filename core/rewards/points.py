"""How many points there are: of one account, and of the whole house, which owes them."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ledger import queries
from core.ledger.tables import balance as balances
from core.ledger.tables import ledger_account, posting
from core.rewards.model import ASSET, BURNED, EARNED, EXPIRED, RETURNED, REVERSED


@dataclass(frozen=True, slots=True)
class Totals:
    """Every point there ever was, by what became of it. `burned` is net of what was given back."""

    earned: int
    burned: int
    expired: int
    reversed: int
    outstanding: int

    @property
    def even(self) -> bool:
        """earned = burned + expired + reversed + outstanding."""
        return self.earned == self.burned + self.expired + self.reversed + self.outstanding


async def balance(conn: AsyncConnection, account_id: int) -> int:
    """The points of an account; below zero only after a payment was taken back."""
    return await queries.balance(conn, "points", account_id, ASSET)


async def totals(conn: AsyncConnection) -> Totals:
    """The books of points, added up from the postings; `outstanding` from the live balances."""
    moved = await conn.execute(
        select(posting.c.why, func.sum(posting.c.amount)).where(posting.c.asset == ASSET).group_by(posting.c.why)
    )
    by = {row[0]: int(row[1]) for row in moved}
    held = await conn.execute(
        select(func.coalesce(func.sum(balances.c.amount), 0))
        .join_from(balances, ledger_account, balances.c.ledger_account_id == ledger_account.c.id)
        .where(ledger_account.c.code == "points", ledger_account.c.asset == ASSET)
    )
    return Totals(
        by.get(EARNED, 0),
        by.get(BURNED, 0) - by.get(RETURNED, 0),
        by.get(EXPIRED, 0),
        by.get(REVERSED, 0),
        int(held.scalar_one()),
    )
