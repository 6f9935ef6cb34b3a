"""What something will cost: the calculator, by the very code that bills."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.render.labels import charge_words
from core.context import Context
from core.errors import Refused
from core.journeys import price_estimate
from core.metering.units import Unreadable, typed
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.counter.common import own_account
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, lines, named, quantity, word


class PricedRow(ListRow, frozen=True):
    """A plan and one of its meters; the value is [which plan, which meter]."""

    name: Text
    unit: str


class ToPrice(ListAnswer, frozen=True):
    """What a price can be asked for: `one` thing, `several`, `none`, or one with a use that came along (`typed`)."""

    rows: tuple[PricedRow, ...]
    priced: list[Any] | None
    use_micro: int | None


class PricedUse(Answer, frozen=True):
    """What the question counts in."""

    unit: str
    name: Text


class PriceLines(Answer, frozen=True):
    """The total for a whole period, and what it is made of."""

    use: Text
    name: Text
    total: Text
    lines: Text


async def to_price(conn: AsyncConnection, context: Context, request: CounterRequest) -> ToPrice:
    """What a price can be asked for. A figure that came along (`PRICE 180`) is used where there is one thing to ask."""
    rows = tuple(
        PricedRow([at, meter], named(dict(plan.tariff.names)), unit)
        for at, plan in enumerate(await price_estimate.plans_to_price(conn, context, own_account(request)))
        for meter, unit in plan.meters
    )
    if len(rows) != 1:
        return ToPrice(rows, None, None, outcome="several" if rows else "none")
    micro = _typed_micro(request.data.get("typed_use"), request.lang, rows[0].unit)
    return ToPrice(rows, rows[0].value, micro, outcome="one" if micro is None else "typed")


async def use_of(conn: AsyncConnection, context: Context, request: CounterRequest) -> PricedUse:
    """What the question counts in."""
    plan, meter = await _priced(conn, context, request)
    return PricedUse(dict(plan.meters)[meter], named(dict(plan.tariff.names)))


async def price(conn: AsyncConnection, context: Context, request: CounterRequest) -> PriceLines:
    """The total for a whole period, and what it is made of."""
    plan, meter = await _priced(conn, context, request)
    use = int(request.data["use_micro"])
    quote = await price_estimate.price(conn, plan, meter, use)
    parts = [
        word(
            "price.line",
            what=named(charge_words(plan.tariff, line.code) or {"en": line.code}),
            amount=amount(price_estimate.minor(line.amount), quote.currency),
        )
        for line in quote.lines
    ]
    return PriceLines(
        use=quantity(use, dict(plan.meters)[meter]),
        name=named(dict(plan.tariff.names)),
        total=amount(price_estimate.minor(quote.total), quote.currency),
        lines=lines(parts),
    )


async def _priced(
    conn: AsyncConnection, context: Context, request: CounterRequest
) -> tuple[price_estimate.EstimateRequest, str]:
    at, meter = request.data["priced"]
    plans = await price_estimate.plans_to_price(conn, context, own_account(request))
    if at >= len(plans) or meter not in dict(plans[at].meters):
        raise Refused("choose.gone")
    return plans[at], str(meter)


def _typed_micro(text: Any, lang: str, unit: str) -> int | None:
    try:
        return typed(str(text), lang, unit) if text else None
    except Unreadable:
        return None
