"""A day is closed when it is over and nothing of it, or of a day before, is unexplained: then its figures are frozen.

Money that is late is no mystery: it is counted as in transit, and becomes a difference of its day if it does not come.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.parties.tables import account, branch
from core.payments.reconcile.run import run
from core.payments.reconcile.tables import difference, money_day, provider_line
from core.payments.tables import receipt, reversal


@dataclass(frozen=True, slots=True)
class MoneyChannel:
    """A branch and a way of money on a day: what came and went by our books, and what of it is where."""

    branch: str
    provider: str
    received: int
    count: int
    taken_back: int
    reported: int
    fees: int
    late: int
    unexplained: int


async def close(conn: AsyncConnection, context: Context, on: date, *, actor: str) -> None:
    """Close a day; `Refused` while it is not over, or while a cent is unexplained."""
    if on >= context.today():
        raise Refused("reconcile.close.not_over")
    await run(conn, context, on)
    blocking = select(func.count()).select_from(difference)
    blocking = blocking.where(difference.c.day <= on, difference.c.state.in_(("open", "asked")))
    if count := (await conn.execute(blocking)).scalar_one():
        raise Refused("reconcile.close.open", count=count)
    row = {
        "day": on,
        "closed_at": context.clock.now(),
        "closed_by": actor,
        "figures": [asdict(one) for one in await channels(conn, on)],
    }
    await conn.execute(insert(conn, money_day).values(row).on_conflict_do_nothing(index_elements=["day"]))
    await trail.note(conn, context, actor, "day.closed", f"day:{on.isoformat()}")


async def closed(conn: AsyncConnection, on: date) -> Any:
    """(closed_at, closed_by, figures) of a closed day; None while it is open."""
    return (await conn.execute(select(money_day).where(money_day.c.day == on))).first()


async def channels(conn: AsyncConnection, on: date, *, branch_code: str | None = None) -> list[MoneyChannel]:
    """Every branch and way of money of the day (or of one branch); the sums of all are those of the house."""
    name = func.coalesce(branch.c.code, "")
    start = receipt.outerjoin(account, account.c.id == receipt.c.account_id)
    start = start.outerjoin(branch, branch.c.id == account.c.branch_id)
    came = select(name, receipt.c.provider, func.sum(receipt.c.amount_minor), func.count()).select_from(start)
    came = came.where(receipt.c.booked_on == on).group_by(name, receipt.c.provider)
    went = select(name, receipt.c.provider, func.sum(reversal.c.amount_minor))
    went = went.select_from(start.join(reversal, reversal.c.receipt_id == receipt.c.id))
    went = went.where(reversal.c.booked_on == on).group_by(name, receipt.c.provider)
    received = {(row[0], row[1]): (int(row[2]), row[3]) for row in await conn.execute(came)}
    taken = {(row[0], row[1]): int(row[2]) for row in await conn.execute(went)}
    told, off = await _told(conn, on), await _off(conn, on)
    every = sorted({*received, *taken, *told, *off})
    names = {row.code: row.name for row in await conn.execute(select(branch.c.code, branch.c.name))}
    return [
        MoneyChannel(
            names.get(key[0], ""),
            key[1],
            *received.get(key, (0, 0)),
            taken.get(key, 0),
            *told.get(key, (0, 0)),
            *off.get(key, (0, 0)),
        )
        for key in every
        if branch_code in (None, key[0])
    ]


async def _told(conn: AsyncConnection, on: date) -> dict[tuple[str, str], tuple[int, int]]:
    """(branch, provider) -> gross and fees that the provider reports of the day."""
    name = func.coalesce(branch.c.code, "")
    start = provider_line.outerjoin(
        receipt, (receipt.c.provider_txn == provider_line.c.txn) & (receipt.c.provider == provider_line.c.provider)
    )
    start = start.outerjoin(account, account.c.id == receipt.c.account_id)
    start = start.outerjoin(branch, branch.c.id == account.c.branch_id)
    sums = func.sum(provider_line.c.gross_minor), func.sum(provider_line.c.fee_minor)
    query = select(name, provider_line.c.provider, *sums).select_from(start)
    query = query.where(provider_line.c.happened_on == on).group_by(name, provider_line.c.provider)
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in await conn.execute(query)}


async def _off(conn: AsyncConnection, on: date) -> dict[tuple[str, str], tuple[int, int]]:
    """(branch, provider) -> money that is late, and money that is unexplained; both without a sign."""
    name, size = func.coalesce(branch.c.code, ""), func.abs(difference.c.amount_minor)
    late = func.coalesce(func.sum(size).filter(difference.c.state == "late"), 0)
    open_ = func.coalesce(func.sum(size).filter(difference.c.state.in_(("open", "asked"))), 0)
    start = difference.outerjoin(branch, branch.c.id == difference.c.branch_id)
    query = select(name, difference.c.provider, late, open_).select_from(start)
    query = query.where(difference.c.day == on, difference.c.state != "cleared").group_by(name, difference.c.provider)
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in await conn.execute(query)}
