"""What the cash desk shows: a drawer's moves, the drawers of a day, the deposits. What a drawer should hold is not shown before its count."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.engine import AnyRow
from core.parties.tables import account
from core.payments.desk.tables import deposit, drawer, drawer_move
from core.payments.tables import receipt


async def moves(conn: AsyncConnection, drawer_id: int) -> Sequence[AnyRow]:
    """(kind, amount_minor, at, account number) of a drawer, the latest first."""
    query = (
        select(
            drawer_move.c.kind,
            drawer_move.c.amount_minor,
            drawer_move.c.at,
            account.c.number,
            receipt.c.provider_txn,
            drawer_move.c.receipt_id,
        )
        .select_from(
            drawer_move.outerjoin(receipt, receipt.c.id == drawer_move.c.receipt_id).outerjoin(
                account, account.c.id == receipt.c.account_id
            )
        )
        .where(drawer_move.c.drawer_id == drawer_id)
        .order_by(drawer_move.c.id.desc())
    )
    return (await conn.execute(query)).all()


async def drawers(conn: AsyncConnection, on: date, *, branch_id: int | None = None) -> Sequence[AnyRow]:
    """The drawers of a day, of a branch or of all."""
    query = select(drawer).where(drawer.c.opened_on == on)
    if branch_id is not None:
        query = query.where(drawer.c.branch_id == branch_id)
    return (await conn.execute(query.order_by(drawer.c.opened_at, drawer.c.id))).all()


async def deposits(conn: AsyncConnection, *, branch_id: int | None = None, limit: int = 20) -> Sequence[AnyRow]:
    """The latest deposits."""
    query = select(deposit)
    if branch_id is not None:
        query = query.where(deposit.c.branch_id == branch_id)
    return (await conn.execute(query.order_by(deposit.c.id.desc()).limit(limit))).all()


async def over_and_short(
    conn: AsyncConnection, from_on: date, to_on: date, *, branch_id: int | None = None
) -> Sequence[AnyRow]:
    """(cashier, drawers, over or short in all) between two days, the worst first; of a branch or of all."""
    off = func.sum(drawer.c.counted_minor - drawer.c.expected_minor)
    query = (
        select(drawer.c.cashier, func.count().label("drawers"), off.label("off_minor"))
        .where(drawer.c.state == "closed", drawer.c.opened_on.between(from_on, to_on))
        .group_by(drawer.c.cashier)
        .order_by(func.abs(off).desc())
    )
    if branch_id is not None:
        query = query.where(drawer.c.branch_id == branch_id)
    return (await conn.execute(query)).all()
