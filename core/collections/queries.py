"""What collections know of accounts: what an arrangement covers, who is protected, the steps taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections.tables import arranged_item, arrangement, contacted, instalment, ladder_step, protection
from core.db.engine import AnyRow
from core.db.in_list import in_list
from core.ledger.tables import open_item


async def covered(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, int]:
    """Invoice -> minor units of it that a running arrangement covers."""
    query = (
        select(arranged_item.c.invoice_id, arranged_item.c.amount_minor)
        .join(arrangement, arrangement.c.id == arranged_item.c.arrangement_id)
        .where(in_list(conn, arrangement.c.open_id, account_ids))
    )
    return {row[0]: row[1] for row in await conn.execute(query)}


async def protected(conn: AsyncConnection, account_ids: Sequence[int], on: date) -> dict[int, list[str]]:
    """Account -> the kinds of protection registered for it that hold on `on`."""
    query = select(protection.c.account_id, protection.c.kind).where(
        in_list(conn, protection.c.account_id, account_ids),
        protection.c.open_key.is_not(None),
        or_(protection.c.until.is_(None), protection.c.until >= on),
    )
    match: dict[int, list[str]] = {}
    for row in await conn.execute(query):
        match.setdefault(row.account_id, []).append(row.kind)
    return match


async def shields(conn: AsyncConnection, account_id: int) -> Sequence[AnyRow]:
    """(kind, until, reason, actor, at) of what protects an account, as it was registered."""
    p = protection.c
    query = select(p.kind, p.until, p.reason, p.actor, p.at).where(p.account_id == account_id, p.open_key.is_not(None))
    return (await conn.execute(query.order_by(p.id))).all()


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that was taken, or waits."""

    id: int
    step: str
    round: int
    taken_on: date
    amount_minor: int
    state: str
    reason: str | None
    at: datetime


async def steps_of(conn: AsyncConnection, account_id: int) -> list[StepTaken]:
    """Every step of an account, latest first."""
    query = select(*(ladder_step.c[name] for name in StepTaken.__dataclass_fields__))
    query = query.where(ladder_step.c.account_id == account_id).order_by(
        ladder_step.c.at.desc(), ladder_step.c.id.desc()
    )
    return [StepTaken(*row) for row in await conn.execute(query)]


async def running(conn: AsyncConnection, account_id: int) -> Row[Any] | None:
    """The arrangement that runs for an account."""
    return (await conn.execute(select(arrangement).where(arrangement.c.open_id == account_id))).first()


async def instalments(conn: AsyncConnection, arrangement_id: int) -> list[Row[Any]]:
    """The instalments of an arrangement, in order."""
    query = select(instalment).where(instalment.c.arrangement_id == arrangement_id).order_by(instalment.c.position)
    return list(await conn.execute(query))


async def left(conn: AsyncConnection, arrangement_ids: Sequence[int]) -> dict[int, int]:
    """Arrangement -> what of it is not paid yet: what is open of its bills, at most what it covers of each."""
    free = open_item.c.open_minor - open_item.c.disputed_minor
    query = (
        select(arranged_item.c.arrangement_id, arranged_item.c.amount_minor, free.label("free"))
        .join(open_item, open_item.c.invoice_id == arranged_item.c.invoice_id)
        .where(in_list(conn, arranged_item.c.arrangement_id, arrangement_ids))
    )
    match = dict.fromkeys(arrangement_ids, 0)
    for row in await conn.execute(query):
        match[row.arrangement_id] += min(row.amount_minor, row.free)
    return match


async def broken_since(conn: AsyncConnection, account_id: int, day: date) -> int:
    """How many arrangements of an account were broken since `day`."""
    query = select(func.count()).where(
        arrangement.c.account_id == account_id, arrangement.c.state == "broken", arrangement.c.ended_on >= day
    )
    return int((await conn.execute(query)).scalar_one())


async def last_contacts(conn: AsyncConnection, account_id: int, limit: int = 10) -> list[Row[Any]]:
    """What collectors noted, latest first."""
    query = select(contacted).where(contacted.c.account_id == account_id).order_by(contacted.c.at.desc())
    return list(await conn.execute(query.limit(limit)))
