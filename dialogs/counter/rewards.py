"""Points, and what they buy: kWh on the next bill, or airtime for this phone."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.money import exponent
from core.rewards import points as books
from core.rewards import redeem
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.counter.common import account_of, phone_at_hand
from dialogs.model import CounterRequest
from dialogs.values import MICRO, Text, amount, quantity


class Points(Answer, frozen=True):
    """How many there are, and what they suffice for."""

    points: int
    kwh: bool
    airtime: bool


class KwhRow(ListRow, frozen=True):
    """So many kWh for so many points."""

    units: Text
    points: int


class KwhChoices(ListAnswer, frozen=True):
    """How many kWh the points buy."""

    rows: tuple[KwhRow, ...]
    points: int


class AirtimeRow(ListRow, frozen=True):
    """Airtime of this worth for so many points."""

    worth: Text
    points: int


class AirtimeChoices(ListAnswer, frozen=True):
    """How much airtime the points buy."""

    rows: tuple[AirtimeRow, ...]
    points: int


class KwhPrice(Answer, frozen=True):
    """What is about to be spent on kWh."""

    units: Text
    cost: int


class AirtimePrice(Answer, frozen=True):
    """What is about to be spent on airtime."""

    worth: Text
    cost: int
    phone: str


class KwhGiven(Answer, frozen=True):
    """What the points bought, and what is left of them."""

    units: Text
    left: int


class AirtimeGiven(Answer, frozen=True):
    """What the points bought, and for which phone."""

    worth: Text
    phone: str


async def points(conn: AsyncConnection, context: Context, request: CounterRequest) -> Points:
    """How many there are, and which way they suffice for."""
    balance, rules = await _balance(conn, request), context.operator.rewards
    kwh = balance >= min(rules.kwh_choices, default=10**9) * rules.points_per_kwh
    airtime = balance >= min(rules.airtime_choices, default=10**9) * rules.points_per_airtime_unit
    phone, _ = await phone_at_hand(conn, request)
    return Points(balance, kwh, airtime and phone is not None)


async def kwh_choices(conn: AsyncConnection, context: Context, request: CounterRequest) -> KwhChoices:
    """How many kWh the points buy."""
    balance, rules = await _balance(conn, request), context.operator.rewards
    rows = tuple(
        KwhRow(units, quantity(units * MICRO, "kWh"), units * rules.points_per_kwh)
        for units in rules.kwh_choices
        if units * rules.points_per_kwh <= balance
    )
    return KwhChoices(rows, balance)


async def airtime_choices(conn: AsyncConnection, context: Context, request: CounterRequest) -> AirtimeChoices:
    """How much airtime the points buy."""
    balance, rules = await _balance(conn, request), context.operator.rewards
    rows = tuple(
        AirtimeRow(units, _worth(context, units), units * rules.points_per_airtime_unit)
        for units in rules.airtime_choices
        if units * rules.points_per_airtime_unit <= balance
    )
    return AirtimeChoices(rows, balance)


async def kwh_price(_conn: AsyncConnection, context: Context, request: CounterRequest) -> KwhPrice:
    """What is about to be spent on kWh."""
    units = int(request.data["kwh"])
    return KwhPrice(quantity(units * MICRO, "kWh"), units * context.operator.rewards.points_per_kwh)


async def airtime_price(conn: AsyncConnection, context: Context, request: CounterRequest) -> AirtimePrice:
    """What is about to be spent on airtime."""
    units = int(request.data["airtime"])
    cost = units * context.operator.rewards.points_per_airtime_unit
    _, label = await phone_at_hand(conn, request)
    return AirtimePrice(_worth(context, units), cost, label)


async def redeem_kwh(conn: AsyncConnection, context: Context, request: CounterRequest) -> KwhGiven:
    """Points become free kWh of the next bill."""
    units = int(request.data["kwh"])
    await redeem.kwh(conn, context, account_id=account_of(request), units=units, key=request.key)
    return KwhGiven(quantity(units * MICRO, "kWh"), await _balance(conn, request))


async def redeem_airtime(conn: AsyncConnection, context: Context, request: CounterRequest) -> AirtimeGiven:
    """Points become airtime: reserved now, sent by the outbox, confirmed by the provider."""
    units = int(request.data["airtime"])
    phone, label = await phone_at_hand(conn, request)
    if phone is None:
        raise Refused("rewards.no_phone")
    minor = units * 10 ** exponent(context.currency)
    await redeem.airtime(
        conn, context, account_id=account_of(request), phone=phone, amount_minor=minor, key=request.key
    )
    return AirtimeGiven(_worth(context, units), label)


async def _balance(conn: AsyncConnection, request: CounterRequest) -> int:
    return await books.balance(conn, account_of(request))


def _worth(context: Context, units: int) -> Text:
    return amount(units * 10 ** exponent(context.currency), context.currency)
