"""A service is used and paid for at once: by the bundles that are for it, and what they do not cover by money, at the tariff's price.

The price of a use is what the total of the period rises by (or falls by: then it is given back), by the very code that bills, so that
all uses of a period together come to what a bill of them would. What a bundle does not cover of a call is priced from when it happens.
All or nothing: too little money leaves bundles and the period as they were. Once for each key.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import spend
from core.balances.keyed import once
from core.balances.model import Want
from core.collections import exposures
from core.context import Context
from core.db.engine import AnyRow
from core.errors import Refused
from core.journeys import live_period
from core.metering.live import store
from core.rating.exact import MICRO


@dataclass(frozen=True, slots=True)
class LiveUse:
    """So much of one service: `quantity_micro` of `unit` (s, event, MB, kWh) of a kind of use, when, to whom, and about how much money."""

    service_id: int
    use: str
    unit: str
    quantity_micro: int
    at: datetime | None = None
    destination: str | None = None
    value_minor: int | None = None
    currency: str | None = None
    """Of the value; it must be the account's."""

    def asked(self) -> dict[str, Any]:
        """As plain JSON."""
        question = {
            "service": self.service_id,
            "use": self.use,
            "unit": self.unit,
            "quantity": self.quantity_micro,
            "to": self.destination,
        }
        more = {"at": self.at.isoformat() if self.at else None, "value": self.value_minor}
        return question | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class LiveCharge:
    """What paid: units of bundles, and money (minor units; below zero: given back)."""

    units_micro: int
    money_minor: int
    currency: str


async def charge(conn: AsyncConnection, context: Context, use: LiveUse, *, key: str) -> LiveCharge:
    """Charge a use. Refused `bucket.short`, `bucket.no_price`, `bucket.no_service`, `collections.limit.stopped`."""
    if use.quantity_micro <= 0:
        raise Refused("bucket.amount", 400)

    async def do() -> dict[str, Any]:
        of = await live_period.served(conn, use.service_id)
        if use.currency not in (None, of.currency):
            raise Refused("bucket.no_price")
        if await exposures.stopped(conn, context, of.account_id):
            raise Refused("collections.limit.stopped", 409)
        want = Want(of.account_id, use.unit, use.quantity_micro, use.use, use.service_id)
        units = await spend.deduct(conn, context, want, key=f"{key}:units", why=use.use, partly=True)
        minor = await _for_money(conn, context, of, _rest(use, units.short, context), key) if units.short else 0
        return {"units": units.amount, "money": minor, "currency": of.currency}

    answer = await once(conn, context, "use", key, use.asked(), do)
    return LiveCharge(answer["units"], answer["money"], answer["currency"])


def _rest(use: LiveUse, short: int, context: Context) -> LiveUse:
    """What no bundle covered: the last part of it, and what has a length began so much later. A time without a zone is the operator's."""
    began = use.at or context.clock.now()
    began = began if began.tzinfo else began.replace(tzinfo=context.zone)
    covered = (use.quantity_micro - short) // MICRO if use.unit == "s" else 0
    return replace(use, at=began + timedelta(seconds=covered), quantity_micro=short)


async def _for_money(conn: AsyncConnection, context: Context, of: AnyRow, use: LiveUse, key: str) -> int:
    """One more use of its period, at what the period rises by; minor units."""
    assert use.at is not None
    stretch = await live_period.stretch_at(conn, context, of, use.at)
    state = store.BILLED if await live_period.billed(conn, context, stretch) else store.RUNNING
    period = await store.opened(conn, context, of.id, stretch.days.from_, stretch.days.whole_to, state)
    used = store.StoredUse(
        use.use, use.unit, int(use.at.timestamp()), use.quantity_micro, use.destination, use.value_minor
    )
    await store.add_use(conn, context, period, used)
    uses = await store.uses_of(conn, period.id)
    target = await live_period.came_to(conn, stretch, uses, closed=period.state != store.RUNNING)
    if period.state == store.BILLED:
        target += period.charged_minor - await live_period.came_to(conn, stretch, uses[:-1], closed=True)
    return await live_period.settle(conn, context, of, period, target, key=f"{key}:money", use=use.use)
