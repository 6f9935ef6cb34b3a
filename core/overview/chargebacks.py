"""Disputed payments as the console lists them: what has to be answered soonest comes first."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.overview.listing import AnyRow
from core.parties.tables import account, branch, party
from core.payments.tables import chargeback, receipt


async def chargebacks(
    conn: AsyncConnection, *, waiting: bool = True, branch_code: str | None = None, limit: int = 200
) -> Sequence[AnyRow]:
    """Those that are not decided, by the day until which evidence is taken; else those that are, the latest first."""
    query = (
        select(*chargeback.c, receipt.c.provider_txn, account.c.number, party.c.name, receipt.c.account_id)
        .join_from(chargeback, receipt, chargeback.c.receipt_id == receipt.c.id)
        .outerjoin(account, account.c.id == receipt.c.account_id)
        .outerjoin(party, party.c.id == account.c.party_id)
        .outerjoin(branch, branch.c.id == account.c.branch_id)
        .limit(limit)
    )
    if waiting:
        query = query.where(chargeback.c.state.in_(("open", "answered")))
        query = query.order_by(chargeback.c.state.desc(), chargeback.c.due_at, chargeback.c.id)
    else:
        query = query.where(chargeback.c.state.in_(("won", "lost"))).order_by(chargeback.c.settled_at.desc())
    if branch_code is not None:
        query = query.where(branch.c.code == branch_code)
    return (await conn.execute(query)).all()


async def of_receipt(conn: AsyncConnection, receipt_id: int) -> Sequence[AnyRow]:
    """The disputes of one receipt."""
    query = select(chargeback).where(chargeback.c.receipt_id == receipt_id).order_by(chargeback.c.id)
    return (await conn.execute(query)).all()
