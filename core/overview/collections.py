"""The collections board: who stands on which step and for how much, what is held and why, and whom to call first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.tables import arranged_item, arrangement, contacted, episode
from core.ledger.tables import open_item
from core.overview.listing import AnyRow
from core.parties.tables import account, branch, party

CALLABLE = ("disputed", "arrangement", "protected", "pending", "agency")
"""Held for one of these, an account is left alone by people too; one that was never reached is for them."""


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on one page."""

    steps: Sequence[AnyRow]
    """position, accounts, payable_minor: of accounts nothing holds."""
    holds: Sequence[AnyRow]
    """held, accounts, payable_minor, disputed_minor."""
    work: Sequence[AnyRow]
    """account_id, number, name, position, held, payable_minor, oldest: the most recoverable first."""
    plans: AnyRow
    """accounts, total_minor of the arrangements that run."""


async def board(conn: AsyncConnection, on: date, *, branch_code: str | None, limit: int = 50) -> Board:
    """The board of a branch or of the whole house."""
    owed = _owed(on)
    chased = _mine(_chased(owed), branch_code).subquery()
    sums = (func.count().label("accounts"), func.coalesce(func.sum(chased.c.payable_minor), 0).label("payable_minor"))
    steps = select(chased.c.position, *sums).where(chased.c.held.is_(None)).group_by(chased.c.position)
    disputed = func.coalesce(func.sum(chased.c.disputed_minor), 0).label("disputed_minor")
    holds = select(chased.c.held, *sums, disputed).where(chased.c.held.is_not(None)).group_by(chased.c.held)
    again = select(contacted.c.account_id).where(contacted.c.again_on > on)
    work = (
        select(chased)
        .where(
            chased.c.payable_minor > 0,
            func.coalesce(chased.c.held, "").not_in(CALLABLE),
            chased.c.account_id.not_in(again),
        )
        .order_by(chased.c.payable_minor.desc(), chased.c.account_id)
        .limit(limit)
    )
    plans = select(
        func.count().label("accounts"), func.coalesce(func.sum(arrangement.c.total_minor), 0).label("total_minor")
    )
    running = plans.join(account, account.c.id == arrangement.c.account_id).where(arrangement.c.state == "running")
    return Board(
        (await conn.execute(steps)).all(),
        (await conn.execute(holds.order_by(chased.c.held))).all(),
        (await conn.execute(work)).all(),
        (await conn.execute(_mine(running, branch_code))).one(),
    )


def _owed(on: date) -> Subquery:
    """Overdue per account, by what is free, contested, and under an arrangement."""
    free = open_item.c.open_minor - open_item.c.disputed_minor
    covered = (
        select(arranged_item.c.invoice_id, func.sum(arranged_item.c.amount_minor).label("minor"))
        .join(arrangement, arrangement.c.id == arranged_item.c.arrangement_id)
        .where(arrangement.c.state == "running")
        .group_by(arranged_item.c.invoice_id)
        .subquery()
    )
    return (
        select(
            open_item.c.account_id,
            func.sum(free).filter(covered.c.invoice_id.is_(None)).label("payable_minor"),
            func.sum(open_item.c.disputed_minor).label("disputed_minor"),
            func.min(open_item.c.due_on).label("oldest"),
        )
        .outerjoin(covered, covered.c.invoice_id == open_item.c.invoice_id)
        .where(open_item.c.due_on < on, open_item.c.open_minor > 0)
        .group_by(open_item.c.account_id)
        .subquery()
    )


def _chased(owed: Subquery) -> Select[Any]:
    return (
        select(
            episode.c.account_id,
            account.c.number,
            party.c.name,
            episode.c.position,
            episode.c.held,
            func.coalesce(owed.c.payable_minor, 0).label("payable_minor"),
            func.coalesce(owed.c.disputed_minor, 0).label("disputed_minor"),
            owed.c.oldest,
        )
        .join(account, account.c.id == episode.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .outerjoin(owed, owed.c.account_id == episode.c.account_id)
        .where(episode.c.open_id.is_not(None))
    )


def _mine(query: Select[Any], branch_code: str | None) -> Select[Any]:
    if branch_code is None:
        return query
    return query.where(account.c.branch_id == select(branch.c.id).where(branch.c.code == branch_code).scalar_subquery())
