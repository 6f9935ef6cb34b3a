"""What she has with us, and what it will cost: her plans, her numbers, and the calculator."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.render.labels import charge_words
from core.billing.render.view_model import commodity
from core.context import Context
from core.errors import Refused
from core.journeys import price_estimate
from core.metering.units import Unreadable, typed
from core.overview.serials import serials_of
from core.parties import consent as agreed
from core.parties import contacts, plans
from core.parties import queries as parties
from dialogs.counter.common import Answer, account_of
from dialogs.model import Asked
from dialogs.values import amount, cut, day, lines, named, quantity, word

MOST_LINES = 4


async def my_plans(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Each service and the plan it is on."""
    today = context.today()
    names = {
        one.service_id: one.tariff.names
        for one in await price_estimate.plans_to_price(conn, context, account_of(asked))
    }
    told = [
        word(
            "plan.line",
            what=commodity(plan.commodity, asked.lang),
            plan=_called(names.get(plan.service_id), plan),
            since=day(plan.since) if plan.since else "-",
        )
        for plan in await plans.plans_of(conn, account_of(asked), today)
    ]
    if not told:
        raise Refused("plan.none")
    return {"lines": lines(told[:MOST_LINES])}


async def my_numbers(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """Account, meters, paybill: what she needs when she pays elsewhere or calls."""
    account = await parties.account(conn, account_of(asked))
    if account is None:
        raise Refused("choose.gone")
    told = [word("plan.account", number=account.number)]
    serials = await serials_of(conn, account.id)
    if serials:
        told.append(word("plan.meter", serial=", ".join(cut(serial, 20) for serial in serials[:2])))
    if context.operator.payments.paybill:
        told.append(word("plan.paybill", paybill=context.operator.payments.paybill))
    return {"lines": lines(told)}


async def to_price(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What a price can be asked for. A figure that came along (`PRICE 180`) is used where there is one thing to ask."""
    rows = [
        {"value": [at, meter], "name": named(dict(one.tariff.names)), "unit": unit}
        for at, one in enumerate(await price_estimate.plans_to_price(conn, context, _own(asked)))
        for meter, unit in one.meters
    ]
    chosen = rows[0]["value"] if len(rows) == 1 else None
    micro = _typed(asked.data.get("typed_use"), asked.lang, rows[0]["unit"]) if chosen else None
    where = "none" if not rows else "several" if not chosen else "one" if micro is None else "typed"
    return {"is": where, "rows": rows, "priced": chosen, "use_micro": micro}


async def use_of(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """What the question counts in."""
    one, meter = await _priced(conn, context, asked)
    return {"unit": dict(one.meters)[meter], "name": named(dict(one.tariff.names))}


async def price(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The total for a whole period, and what it is made of."""
    one, meter = await _priced(conn, context, asked)
    use = int(asked.data["use_micro"])
    quoted = await price_estimate.price(conn, one, meter, use)
    parts = [
        word(
            "price.line",
            what=named(charge_words(one.tariff, line.code) or {"en": line.code}),
            amount=amount(price_estimate.minor(line.amount), quoted.currency),
        )
        for line in quoted.lines
    ]
    return {
        "use": quantity(use, dict(one.meters)[meter]),
        "name": named(dict(one.tariff.names)),
        "total": amount(price_estimate.minor(quoted.total), quoted.currency),
        "lines": lines(parts),
    }


async def consent(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """What this contact agreed to hear from us."""
    found = await contacts.by_id(conn, asked.contact_id or 0)
    if found is None:
        raise Refused("choose.gone")
    stopped = found.stopped_at is not None
    some = bool(await agreed.stops_of(conn, [found.id]))
    state = "stopped" if stopped else "all" if found.marketing else "own"
    return {
        "state": word(f"consent.{state}"),
        "on": not stopped,
        "off": stopped or some,
        "no_offers": found.marketing and not stopped,
        "offers": not found.marketing and not stopped,
    }


async def set_offers(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """News and offers: yes or no. Bills, reminders and outages are not touched by it."""
    wanted = bool(asked.data["wants_offers"])
    await agreed.set_marketing(conn, context, asked.contact_id or 0, wanted=wanted, channel=asked.channel, word="menu")
    return {"is": "done", "state": word("consent.all" if wanted else "consent.own")}


def _called(names: Any, plan: plans.Plan) -> Any:
    return named(dict(names)) if names else plan.tariff or "-"


def _own(asked: Asked) -> int | None:
    return asked.account_id if asked.account_id in asked.accounts else None


async def _priced(conn: AsyncConnection, context: Context, asked: Asked) -> tuple[price_estimate.Asked, str]:
    at, meter = asked.data["priced"]
    found = await price_estimate.plans_to_price(conn, context, _own(asked))
    if at >= len(found) or meter not in dict(found[at].meters):
        raise Refused("choose.gone")
    return found[at], str(meter)


def _typed(text: Any, lang: str, unit: Any) -> int | None:
    try:
        return typed(str(text), lang, str(unit)) if text else None
    except Unreadable:
        return None
