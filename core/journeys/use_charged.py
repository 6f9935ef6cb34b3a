"""A service is used and paid for at once: by the bundles that are for it, and what they do not cover by money, at the tariff's price.

The price of a use is what the total of the period rises by, by the very code that bills, so that all uses of a period together come
to what a bill of them would. All or nothing: too little money leaves bundles and counters as they were. Once for each key.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row as SqlRow
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import spend
from core.balances.keyed import once
from core.balances.model import Want
from core.balances.tables import priced_use
from core.billing.periods import whole_period
from core.catalog import queries as catalog
from core.collections import exposures
from core.db import insert
from core.errors import Refused
from core.house import House
from core.metering.events.clock import seconds
from core.metering.events.queries import ANSWER
from core.parties.tables import account, service, service_plan
from core.rating.charges.event import Event
from core.rating.errors import CannotRate
from core.rating.quote import QuoteRequest, Row, quote
from core.rating.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Use:
    """So much of one service: `quantity_micro` of `unit` (s, event, MB, kWh) of a kind of use, when, and to whom."""

    service_id: int
    use: str
    unit: str
    quantity_micro: int
    at: datetime | None = None
    destination: str | None = None

    def asked(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"service": self.service_id, "use": self.use, "unit": self.unit, "quantity": self.quantity_micro, "to": self.destination}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charged:
    """What paid: units of bundles, and money (minor units)."""

    units_micro: int
    money_minor: int
    currency: str


async def charge(conn: AsyncConnection, house: House, use: Use, *, key: str) -> Charged:
    """Charge a use. Refused `bucket.short`, `bucket.no_price`, `bucket.no_service`, `collections.limit.stopped`."""
    if use.quantity_micro <= 0:
        raise Refused("bucket.amount", 400)

    async def do() -> dict[str, Any]:
        served = await _served(conn, use.service_id)
        if await exposures.stopped(conn, house, served.account_id):
            raise Refused("collections.limit.stopped", 409)
        want = Want(served.account_id, use.unit, use.quantity_micro, use.use, use.service_id)
        units = await spend.deduct(conn, house, want, key=f"{key}:units", why=use.use, partly=True)
        minor = await _price(conn, house, served, use, units.short) if units.short else 0
        if minor > 0:
            money = Want(served.account_id, served.currency, minor, use.use, use.service_id)
            await spend.deduct(conn, house, money, key=f"{key}:money", why=use.use)
        return {"units": units.amount, "money": minor, "currency": served.currency}

    answer = await once(conn, house, "use", key, use.asked(), do)
    return Charged(answer["units"], answer["money"], answer["currency"])


async def _served(conn: AsyncConnection, service_id: int) -> SqlRow[*tuple[Any, ...]]:
    a, s = account.c, service.c
    found = select(s.id, s.account_id, a.currency, a.bill_day, a.persons, s.state).join_from(service, account)
    mine = found.where(s.id == service_id, s.state != "ended").with_for_update(of=service)
    row = (await conn.execute(mine)).first()
    if row is None:
        raise Refused("bucket.no_service", 404)
    return row


async def _price(conn: AsyncConnection, house: House, served: SqlRow[*tuple[Any, ...]], use: Use, micro: int) -> int:
    """What so much more costs, in minor units; the counter of the period moves on."""
    instant = (use.at or house.clock.now()).astimezone(house.zone)
    day = instant.date()
    period = whole_period(served.bill_day, day)
    tariff = await catalog.tariff_on(conn, await _plan(conn, served.id, day), day)
    quantity = _in_unit(tariff, use, micro)
    to = _destination(tariff, use)
    before = await _counted(conn, served.id, use.use, to, period[0], quantity)
    timed = tariff.times is not None or any(isinstance(one, Event) for one in tariff.charges)
    first = seconds(datetime.combine(period[0], datetime.min.time(), UTC)) if timed else None
    anywhere = -1 if tariff.destinations is None else 0
    others = [_row(meter, 0, anywhere, first) for meter in tariff.meters if meter != use.use]
    earlier = [*others, *(_row(use.use, each, place, first) for place, each in before.items())]
    now = _row(use.use, quantity, to, seconds(instant.astimezone(ZoneInfo(tariff.zone))) if timed else None)
    attributes = {} if served.persons is None else {"persons": served.persons}
    totals = [
        _total(tariff, QuoteRequest(*period, tuple(rows), attributes=attributes)) for rows in ([*earlier, now], earlier)
    ]
    return totals[0] - totals[1]


def _total(tariff: Tariff, asked: QuoteRequest) -> int:
    """The total in whole minor units, the half upwards where the tariff leaves it finer."""
    try:
        return int(quote(tariff, asked).total + Fraction(1, 2))
    except CannotRate as why:
        raise Refused("bucket.no_price") from why


def _row(use: str, quantity: int, to: int, at: int | None) -> Row:
    return Row(use, quantity, at, None if to < 0 else to)


async def _plan(conn: AsyncConnection, service_id: int, day: date) -> str:
    p = service_plan.c
    plan = select(p.tariff).where(p.service_id == service_id, p.from_date <= day).order_by(p.from_date.desc()).limit(1)
    code: str | None = await conn.scalar(plan)
    if code is None:
        raise Refused("bucket.no_price")
    return code


def _in_unit(tariff: Tariff, use: Use, micro: int) -> int:
    """The quantity in the unit the tariff counts this use in."""
    unit = tariff.meters.get(use.use)
    per = 1 if unit == use.unit or (use.unit == "event" and unit) else ANSWER.get(use.unit, {}).get(unit or "")
    if per is None:
        raise Refused("bucket.no_price")
    return micro // per


def _destination(tariff: Tariff, use: Use) -> int:
    if tariff.destinations is None or use.destination is None:
        return -1
    return tariff.destinations.code(use.destination)


async def _counted(
    conn: AsyncConnection, service_id: int, use: str, to: int, from_: date, quantity: int
) -> dict[int, int]:
    """What was priced in the period before this, by destination (this one's is there, if only with nothing)."""
    p = priced_use.c
    mine = select(p.destination, p.quantity_micro).where(p.service_id == service_id, p.use == use, p.from_date == from_)
    new = insert(conn, priced_use).values(
        service_id=service_id, use=use, destination=to, from_date=from_, quantity_micro=quantity
    )
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=["service_id", "use", "destination", "from_date"],
            set_={"quantity_micro": p.quantity_micro + new.excluded.quantity_micro},
        )
    )
    found = {row[0]: row[1] for row in await conn.execute(mine)}
    found[to] -= quantity
    return found
