"""What will I pay? A use they name, priced by the code that bills them: their plan, their persons, their last months.

A stranger is told by the operator's default plan, as if they began with it today.
"""

import asyncio
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.periods import whole_period
from core.catalog import queries as catalog
from core.context import Context
from core.errors import Refused
from core.metering.consumption import consumption
from core.parties import plans
from core.parties import queries as parties
from core.rating.errors import CannotRate
from core.rating.quote import Quote, QuoteRequest, Row, quote
from core.rating.rounding import Mode, one
from core.rating.tariff import Tariff

STRANGERS_DAY = 1


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """What a price is asked for: a plan, its period, and (for a customer) the service that has it."""

    tariff: Tariff
    from_date: date
    to_date: date
    service_id: int | None
    persons: int | None

    @property
    def meters(self) -> list[tuple[str, str]]:
        """(what it counts, its unit) of all that they may name; what is fed in is not asked for."""
        return [(name, unit) for name, unit in self.tariff.meters.items() if not name.endswith("_export")]


async def plans_to_price(conn: AsyncConnection, context: Context, account_id: int | None) -> list[EstimateRequest]:
    """Their plans, or the default one of the house."""
    today = context.today()
    account = await parties.account(conn, account_id) if account_id else None
    if account is None:
        code = context.operator.default_tariff
        tariffs = [await catalog.tariff_on(conn, code, today)] if code else []
        return [EstimateRequest(tariff, *whole_period(STRANGERS_DAY, today), None, None) for tariff in tariffs]
    rows = []
    for plan in await plans.plans_of(conn, account.id, today):
        if plan.tariff is not None:
            tariff = await catalog.tariff_on(conn, plan.tariff, today)
            period = whole_period(account.bill_day, today)
            rows.append(EstimateRequest(tariff, *period, plan.service_id, account.persons))
    return rows


async def price(conn: AsyncConnection, asked: EstimateRequest, meter: str, quantity_micro: int) -> Quote:
    """The price of so much in one whole period. Refused `price.cannot` where the plan cannot say."""
    request = QuoteRequest(
        asked.from_date,
        asked.to_date,
        (Row(meter, quantity_micro),),
        history=await _history(conn, asked),
        attributes={"persons": asked.persons} if asked.persons else {},
    )
    try:
        return await asyncio.to_thread(quote, asked.tariff, request)
    except CannotRate as why:
        raise Refused("price.cannot") from why


async def _history(conn: AsyncConnection, asked: EstimateRequest) -> dict[str, tuple[int, ...]]:
    """Their earlier periods, for blocks that an average chooses: their sum and their number are what counts."""
    match = {}
    for meter, periods in asked.tariff.history.items():
        if asked.service_id is None or not periods:
            continue
        sums, counts = await consumption.history(conn, [asked.service_id], meter, asked.from_date, periods)
        if counts[0]:
            match[meter] = (int(sums[0]), *[0] * (int(counts[0]) - 1))
    return match


def minor(amount: Fraction) -> int:
    """An exact amount in whole minor units, as the bill would round it."""
    return one(amount, Fraction(1), Mode.HALF_UP).numerator
