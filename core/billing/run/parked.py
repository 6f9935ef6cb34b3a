"""Months that nobody has billed: who waits, why, since when and for about how much, until they are billed or a person skips them.

A run takes them up by itself (`store.unpark`); what is said here wakes one at once, or writes a person's word on it. A cycle is
billed once however often it is woken: its own state and the unique key of its invoice see to that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run.load import load_one
from core.billing.run.own_sources import HouseSources
from core.billing.run.rate_partition import RatingDesk, reckon
from core.billing.run.value_estimate import Unbilled, stakes
from core.billing.tables import cycle
from core.clock import start_of
from core.context import Context
from core.db.in_list import in_list
from core.errors import Refused
from core.metering.consumption.late import Arrivals
from core.parties.tables import account, branch, party
from core.text.days import last_of

PARKED, SKIPPED, OPEN = "parked", "skipped", "open"
AGAIN = timedelta(hours=1)
"""How long the run leaves one alone that it could not bill; a command, or a person, does not wait."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A month without a bill. `stake_minor` is a guess (`stake.py`); None: nothing is known."""

    cycle_id: int
    account_id: int
    number: str
    name: str
    branch: str
    branch_id: int
    segment: str
    currency: str
    from_date: date
    to_date: date
    state: str
    reason: str | None
    parked_at: datetime | None
    tried_at: datetime | None
    decided: dict[str, Any] | None
    stake_minor: int | None = None

    @property
    def last_day(self) -> date:
        """The last day of it."""
        return last_of(self.to_date)


@dataclass(frozen=True, slots=True)
class ParkedTotals:
    """All that wait: how many, about how much, of how many nothing is known, and since which day."""

    count: int = 0
    minor: int = 0
    unknown: int = 0
    since: date | None = None


def _query() -> Select[Any]:
    return (
        select(
            cycle.c.id,
            cycle.c.account_id,
            account.c.number,
            party.c.name,
            branch.c.code,
            branch.c.id,
            account.c.segment,
            account.c.currency,
            cycle.c.from_date,
            cycle.c.to_date,
            cycle.c.state,
            cycle.c.reason,
            cycle.c.parked_at,
            cycle.c.tried_at,
            cycle.c.decided,
        )
        .join_from(cycle, account, account.c.id == cycle.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .join(branch, branch.c.id == account.c.branch_id)
    )


def _of(code: str | None) -> Sequence[ColumnElement[bool]]:
    return () if code is None else (branch.c.code == code,)


async def listing(
    conn: AsyncConnection, *, branch_code: str | None = None, state: str = PARKED, offset: int = 0, limit: int = 50
) -> list[Waiting]:
    """A page of them, the oldest first."""
    query = _query().where(cycle.c.state == state, *_of(branch_code))
    rows = await conn.execute(query.order_by(cycle.c.to_date, cycle.c.account_id).offset(offset).limit(limit))
    return await _staked(conn, [Waiting(*row) for row in rows])


async def _staked(conn: AsyncConnection, found: Sequence[Waiting]) -> list[Waiting]:
    money = await stakes(conn, [_unbilled(one) for one in found])
    return [replace(one, stake_minor=minor) for one, minor in zip(found, money, strict=True)]


def _unbilled(one: Waiting) -> Unbilled:
    return Unbilled(one.account_id, one.segment, one.currency, one.from_date, one.to_date)


async def together(conn: AsyncConnection, context: Context, *, branch_code: str | None = None) -> ParkedTotals:
    """What all parked months come to, in the house's currency."""
    query = (
        select(cycle.c.account_id, account.c.segment, account.c.currency, cycle.c.from_date, cycle.c.to_date)
        .join_from(cycle, account, account.c.id == cycle.c.account_id)
        .join(branch, branch.c.id == account.c.branch_id)
        .where(cycle.c.state == PARKED, *_of(branch_code))
    )
    waiting = [Unbilled(*row) for row in await conn.execute(query)]
    if not waiting:
        return ParkedTotals()
    money = [
        minor if one.currency == context.currency else None
        for one, minor in zip(waiting, await stakes(conn, waiting), strict=True)
    ]
    known = [minor for minor in money if minor is not None]
    return ParkedTotals(len(waiting), sum(known), len(money) - len(known), min(one.from_date for one in waiting))


async def count(conn: AsyncConnection, *, branch_code: str | None = None, state: str = PARKED) -> int:
    """How many there are."""
    query = select(func.count()).select_from(cycle).where(cycle.c.state == state)
    if branch_code is not None:
        query = query.join(account, account.c.id == cycle.c.account_id).join(branch, branch.c.id == account.c.branch_id)
        query = query.where(branch.c.code == branch_code)
    return int((await conn.execute(query)).scalar_one())


async def overdue(conn: AsyncConnection, on: date) -> int:
    """How many closed before `on` and no run has come by."""
    query = select(func.count()).where(cycle.c.state == OPEN, cycle.c.to_date < on)
    return int((await conn.execute(query)).scalar_one())


async def one(conn: AsyncConnection, cycle_id: int, *, lock: bool = False) -> Waiting:
    """One that waits or is skipped; `Refused` (404) where it does neither."""
    mine = _query().where(cycle.c.id == cycle_id, cycle.c.state.in_((PARKED, SKIPPED)))
    row = (await conn.execute(mine.with_for_update(of=cycle) if lock else mine)).first()
    if row is None:
        raise Refused("parked.unknown", status=404)
    return (await _staked(conn, [Waiting(*row)]))[0]


async def of_account(conn: AsyncConnection, number: str, since: date | None) -> int:
    """The cycle of an account that waits (the oldest, or the one that begins on `since`)."""
    query = select(cycle.c.id).join(account, account.c.id == cycle.c.account_id).where(account.c.number == number)
    query = query.where(cycle.c.state.in_((PARKED, SKIPPED)))
    if since is not None:
        query = query.where(cycle.c.from_date == since)
    found = (await conn.execute(query.order_by(cycle.c.from_date).limit(1))).scalar_one_or_none()
    if found is None:
        raise Refused("parked.unknown", status=404)
    return int(found)


async def worth_a_try(conn: AsyncConnection, on: date, now: datetime) -> bool:
    """Whether a run should take some up: they closed by `on`, and nobody has tried for a while."""
    query = select(cycle.c.id).where(
        cycle.c.state == PARKED, cycle.c.to_date <= on, (cycle.c.tried_at.is_(None)) | (cycle.c.tried_at <= now - AGAIN)
    )
    return (await conn.execute(query.limit(1))).first() is not None


async def woken(conn: AsyncConnection, account_ids: Collection[int]) -> int:
    """What these accounts waited for is there: the next run takes them up; how many months."""
    mine = in_list(conn, cycle.c.account_id, account_ids) & (cycle.c.state == PARKED)
    return (await conn.execute(update(cycle).where(mine).values(tried_at=None))).rowcount


async def decide(conn: AsyncConnection, cycle_id: int, state: str, reason: str | None, decided: Any) -> bool:
    """Write a person's word on it; False when it is billed already (or being billed)."""
    mine = (cycle.c.id == cycle_id) & cycle.c.state.in_((PARKED, SKIPPED))
    answer = await conn.execute(update(cycle).where(mine).values(state=state, reason=reason, decided=decided))
    return answer.rowcount == 1


@dataclass(frozen=True, slots=True)
class ParkedEstimate:
    """What a bill of it would come to now; or why there would be none."""

    total_minor: int | None
    estimated: bool = False
    reason: str | None = None


async def foresee(conn: AsyncConnection, context: Context, cycle_id: int) -> ParkedEstimate:
    """Reckon the one month as a run would; writes nothing."""
    partition = await load_one(conn, cycle_id)
    today = context.today()
    desk = RatingDesk(conn, context, HouseSources(), Arrivals(today, start_of(today, context.zone)))
    drafts = await reckon(desk, partition, {})
    if partition.parked:
        return ParkedEstimate(None, reason=partition.parked[0])
    if not len(drafts.accounts):
        return ParkedEstimate(0)
    return ParkedEstimate(int(drafts.total[0]), bool(drafts.estimated[0]))
