"""The accounts that have used most of what they may owe: of a branch, or of the whole house."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.tables import exposure, own_limit
from core.overview.listing import AnyRow
from core.parties.tables import account, branch, party

ORDERS = {"amount": exposure.c.total_minor, "share": exposure.c.percent}
"""By which the list can be ordered, the most first."""


async def highest(
    conn: AsyncConnection, *, by: str = "amount", branch_code: str | None = None, limit: int = 100
) -> Sequence[AnyRow]:
    """The row of each exposure, with number, name, segment, and whether the limit is the account's own."""
    query = (
        select(
            exposure,
            account.c.number,
            account.c.segment,
            party.c.name,
            branch.c.name.label("branch"),
            own_limit.c.account_id.is_not(None).label("own"),
        )
        .join(account, account.c.id == exposure.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .join(branch, branch.c.id == account.c.branch_id)
        .outerjoin(own_limit, own_limit.c.account_id == exposure.c.account_id)
        .where(exposure.c.limit_minor.is_not(None), exposure.c.total_minor > 0)
        .order_by(ORDERS[by].desc(), exposure.c.total_minor.desc(), exposure.c.account_id)
        .limit(limit)
    )
    return (await conn.execute(query if branch_code is None else query.where(branch.c.code == branch_code))).all()


async def sums(conn: AsyncConnection, *, warn_percent: int, branch_code: str | None = None) -> AnyRow:
    """accounts, total_minor, near, reached, barred: of all that have a limit."""
    near = exposure.c.percent.between(warn_percent, 99)
    query = (
        select(
            func.count().label("accounts"),
            func.coalesce(func.sum(exposure.c.total_minor), 0).label("total_minor"),
            func.count().filter(near).label("near"),
            func.count().filter(exposure.c.percent >= 100).label("reached"),
            func.count().filter(exposure.c.barred).label("barred"),
            func.min(exposure.c.at).label("at"),
        )
        .join(account, account.c.id == exposure.c.account_id)
        .join(branch, branch.c.id == account.c.branch_id)
        .where(exposure.c.limit_minor.is_not(None))
    )
    return (await conn.execute(query if branch_code is None else query.where(branch.c.code == branch_code))).one()
