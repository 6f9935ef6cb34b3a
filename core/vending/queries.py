"""Which meters take tokens, whose they are, and the last tokens of a customer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.metering.tables import meter
from core.parties.tables import account, party, premise, service
from core.vending.model import DONE, Vend
from core.vending.store import COLUMNS
from core.vending.tables import vend


@dataclass(frozen=True, slots=True)
class PrepaidMeter:
    """A meter that takes tokens, and whose it is."""

    meter_id: int
    serial: str
    unit: str
    code: str
    service_id: int
    account_id: int
    name: str
    address: str


async def prepaid_meters(
    conn: AsyncConnection, *, account_ids: Collection[int] = (), serial: str | None = None
) -> list[PrepaidMeter]:
    """The prepaid meters of these accounts, or the one of a number, that hang now."""
    m, s = meter.c, service.c
    query = (
        select(m.id, m.serial, m.unit, m.code, s.id, s.account_id, party.c.name, premise.c.address)
        .select_from(
            meter.join(service, s.id == m.service_id)
            .join(account, account.c.id == s.account_id)
            .join(party, party.c.id == account.c.party_id)
            .outerjoin(premise, premise.c.id == s.premise_id)
        )
        .where(s.payment_mode == "prepaid", s.state != "ended", m.removed_on.is_(None))
    )
    query = query.where(m.serial == serial if serial is not None else in_list(conn, s.account_id, account_ids))
    return [PrepaidMeter(*row[:7], row[7] or "") for row in await conn.execute(query.order_by(m.serial))]


async def last_tokens(
    conn: AsyncConnection, *, account_ids: Collection[int], contact_id: int | None, most: int = 3
) -> list[Vend]:
    """What was bought for her meters or by her, newest first."""
    hers = in_list(conn, vend.c.account_id, account_ids)
    if contact_id is not None:
        hers = or_(hers, vend.c.contact_id == contact_id)
    rows = await conn.execute(
        select(*COLUMNS)
        .where(vend.c.state == DONE, hers)
        .order_by(vend.c.settled_at.desc(), vend.c.id.desc())
        .limit(most)
    )
    return [Vend(*row) for row in rows]


async def bought_since(conn: AsyncConnection, meter_id: int, since: datetime) -> int:
    """Micro-units bought for a meter since an instant: what is new is priced after them."""
    units = select(func.coalesce(func.sum(vend.c.units_micro), 0))
    mine = units.where(vend.c.meter_id == meter_id, vend.c.state == DONE, vend.c.settled_at >= since)
    return int((await conn.execute(mine)).scalar_one())
