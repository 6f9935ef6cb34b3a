"""Which plan each service of an account is on."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.parties import tables as t
from core.parties.queries import ENDED


@dataclass(frozen=True, slots=True)
class PlanOfService:
    """A service and its tariff; `tariff` is None where it has none on that day."""

    service_id: int
    commodity: str
    payment_mode: str
    state: str
    address: str
    tariff: str | None
    since: date | None


async def plans_of(conn: AsyncConnection, account_id: int, on: date) -> list[PlanOfService]:
    """The services of an account and the plan each is on, on a day."""
    s, p = t.service.c, t.service_plan.c
    holds = and_(p.service_id == s.id, p.from_date <= on, or_(p.to_date.is_(None), p.to_date > on))
    rows = await conn.execute(
        select(s.id, s.commodity, s.payment_mode, s.state, t.premise.c.address, p.tariff, p.from_date)
        .select_from(t.service.outerjoin(t.premise).outerjoin(t.service_plan, holds))
        .where(s.account_id == account_id, s.state != ENDED)
        .order_by(s.id)
    )
    return [PlanOfService(row[0], row[1], row[2], row[3], row[4] or "", row[5], row[6]) for row in rows]
