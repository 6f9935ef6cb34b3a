"""Points, and what they buy: kWh on the next bill, or airtime for this phone."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.money import exponent
from core.rewards import points as book
from core.rewards import redeem
from dialogs.counter.common import Answer, account_of, phone_at_hand
from dialogs.model import Asked
from dialogs.values import MICRO, amount, quantity


async def points(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """How many there are, and which way they suffice for."""
    has = await _balance(conn, asked)
    rules = context.operator.rewards
    kwh = has >= min(rules.kwh_choices, default=10**9) * rules.points_per_kwh
    airtime = has >= min(rules.airtime_choices, default=10**9) * rules.points_per_airtime_unit
    phone, _ = await phone_at_hand(conn, asked)
    return {"points": has, "kwh": kwh, "airtime": airtime and phone is not None}


async def kwh_choices(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """How many kWh the points buy."""
    has, rules = await _balance(conn, asked), context.operator.rewards
    rows = [
        {"value": units, "units": quantity(units * MICRO, "kWh"), "points": units * rules.points_per_kwh}
        for units in rules.kwh_choices
        if units * rules.points_per_kwh <= has
    ]
    return {"rows": rows, "points": has}


async def airtime_choices(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """How much airtime the points buy."""
    has, rules = await _balance(conn, asked), context.operator.rewards
    rows = [
        {"value": units, "worth": _worth(context, units), "points": units * rules.points_per_airtime_unit}
        for units in rules.airtime_choices
        if units * rules.points_per_airtime_unit <= has
    ]
    return {"rows": rows, "points": has}


async def kwh_price(_conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What is about to be spent on kWh."""
    units = int(asked.data["kwh"])
    return {"units": quantity(units * MICRO, "kWh"), "cost": units * context.operator.rewards.points_per_kwh}


async def airtime_price(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What is about to be spent on airtime."""
    units = int(asked.data["airtime"])
    cost = units * context.operator.rewards.points_per_airtime_unit
    _, shown = await phone_at_hand(conn, asked)
    return {"worth": _worth(context, units), "cost": cost, "phone": shown}


async def redeem_kwh(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Points become free kWh of the next bill."""
    units = int(asked.data["kwh"])
    await redeem.kwh(conn, context, account_id=account_of(asked), units=units, key=asked.key)
    return {"is": "done", "units": quantity(units * MICRO, "kWh"), "left": await _balance(conn, asked)}


async def redeem_airtime(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Points become airtime: reserved now, sent by the outbox, confirmed by the provider."""
    units = int(asked.data["airtime"])
    phone, shown = await phone_at_hand(conn, asked)
    if phone is None:
        raise Refused("rewards.no_phone")
    minor = units * 10 ** exponent(context.currency)
    await redeem.airtime(conn, context, account_id=account_of(asked), phone=phone, amount_minor=minor, key=asked.key)
    return {"is": "done", "worth": _worth(context, units), "phone": shown}


async def _balance(conn: AsyncConnection, asked: Asked) -> int:
    return await book.balance(conn, account_of(asked))


def _worth(context: Context, units: int) -> list[object]:
    return amount(units * 10 ** exponent(context.currency), context.currency)
