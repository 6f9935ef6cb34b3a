"""One account, cut to a branch: whoever belongs to a branch cannot tell another branch's account from none."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.parties.tables import account, branch


@dataclass(frozen=True, slots=True)
class VisibleAccount:
    """An account that may be seen."""

    id: int
    number: str
    party_id: int
    currency: str
    branch: str


async def account_of(
    conn: AsyncConnection, account_id: int | None, number: str | None, branch_code: str | None
) -> VisibleAccount | None:
    """The account of this id, else of this number; None also when it is of another branch."""
    mine = account.c.id == account_id if account_id is not None else account.c.number == (number or "")
    columns = (account.c.id, account.c.number, account.c.party_id, account.c.currency, branch.c.code)
    query = select(*columns).join_from(account, branch, branch.c.id == account.c.branch_id).where(mine)
    if branch_code is not None:
        query = query.where(branch.c.code == branch_code)
    row = (await conn.execute(query)).first()
    return VisibleAccount(*row) if row else None


async def branch_id_of(conn: AsyncConnection, code: str | None) -> int | None:
    """The id of a branch by its code; None for the whole house, -1 for a branch that is gone (which sees nothing)."""
    if code is None:
        return None
    match: int | None = await conn.scalar(select(branch.c.id).where(branch.c.code == code))
    return -1 if match is None else match
