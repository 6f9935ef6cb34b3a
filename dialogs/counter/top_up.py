"""Units for a prepaid meter: whose it is, what an amount buys, the prompt, and the last tokens."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.errors import Refused
from core.journeys import top_up
from core.money import LARGEST_MINOR, typed
from core.numbers import Unreadable
from core.parties import sim
from core.payments import push
from core.vending.model import Vend, spaced
from core.vending.queries import PrepaidMeter
from dialogs.counter.common import Answer, phone_at_hand, private
from dialogs.model import Asked
from dialogs.values import amount, cut, moment, quantity, word


async def prepaid(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """Her own meters, and what can be done from here. An amount that came along (`TOPUP 500`) is used for the only one."""
    found = await top_up.meters(conn, asked.accounts)
    rows = [{"value": one.serial, "serial": one.serial, "place": cut(one.address, 16)} for one in found]
    serial = found[0].serial if len(found) == 1 else None
    minor = _typed(asked.data.get("typed_amount"), app.currency, asked.lang)
    most = push.most(app, 0, app.currency)
    told: dict[str, Any] = {
        "rows": rows,
        "serial": serial,
        "one": len(rows) == 1,
        "several": len(rows) > 1,
        "asked_minor": minor,
        "kept": bool(await top_up.tokens(conn, account_ids=asked.accounts, contact_id=asked.contact_id)),
    }
    if not (await phone_at_hand(conn, asked))[0]:
        return {"is": "no_phone", **told}
    if serial and minor:
        return {"is": "typed" if minor <= most else "too_much", **told}
    return {"is": "menu", **told}


async def find_meter(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """Whether the number that was typed is a meter that takes tokens."""
    return {"is": "found" if await top_up.meter(conn, str(asked.data["serial"])) else "unknown"}


async def chosen_meter(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """The meter, and enough of its holder's name to know it by."""
    found = await _meter(conn, asked)
    most = push.most(app, 0, app.currency)
    return {
        "serial": found.serial,
        "name": _name(found, asked),
        "unit": app.currency,
        "currency": app.currency,
        "most": amount(most, app.currency),
        "most_minor": most,
    }


async def top_up_offer(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """What is about to be bought, read back."""
    found = await _meter(conn, asked)
    offer = await top_up.offer(conn, app, found, int(asked.data["asked_minor"]))
    units = word("top_up.units", units=quantity(offer.units_micro, found.unit)) if offer.units_micro else ""
    owed = word("top_up.arrears", amount=amount(offer.arrears_minor, offer.currency)) if offer.arrears_minor else ""
    return {
        "serial": found.serial,
        "name": _name(found, asked),
        "units": units,
        "arrears": owed,
        "amount": amount(offer.amount_minor, offer.currency),
        "amount_minor": offer.amount_minor,
        "phone": (await phone_at_hand(conn, asked))[1],
    }


async def buy(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """The prompt on her phone; the token follows the money."""
    phone, _ = await phone_at_hand(conn, asked)
    if phone is None or asked.contact_id is None:
        raise Refused("top_up.no_phone")
    try:
        await top_up.order(
            conn,
            app,
            serial=str(asked.data["serial"]),
            phone=phone,
            amount_minor=int(asked.data["amount_minor"]),
            contact_id=asked.contact_id,
            key=asked.key,
        )
    except Refused as refused:
        if refused.code != "payments.push.live":
            raise
        return {"is": "pending"}
    return {"is": "done"}


async def last_tokens(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The last three tokens."""
    rows = [
        {"value": str(one.id), "at": moment(one.created_at), "serial": one.serial, "units": _units(one)}
        for one in await _tokens(conn, context, asked)
    ]
    return {"rows": rows}


async def token(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """One of them, in groups of four."""
    one = await _token(conn, context, asked)
    return {"token": spaced(one.token or ""), "serial": one.serial, "units": _units(one)}


async def text_token(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The same token once more by SMS."""
    await top_up.tell_again(conn, context, await _token(conn, context, asked), asked.key)
    return {"is": "done"}


async def _meter(conn: AsyncConnection, asked: Asked) -> PrepaidMeter:
    found = await top_up.meter(conn, str(asked.data["serial"]))
    if found is None:
        raise Refused("top_up.unknown", serial=str(asked.data["serial"]))
    return found


def _name(found: PrepaidMeter, asked: Asked) -> str:
    """Her own name in full; another's first name and a letter, so that she knows it and learns nothing."""
    if found.account_id in asked.accounts:
        return cut(found.name, 24)
    first, *rest = found.name.split()
    return cut(" ".join([first, *(part[:1] for part in rest[-1:])]), 24)


def _units(one: Vend) -> list[Any]:
    return quantity(one.units_micro or 0, "")


async def _tokens(conn: AsyncConnection, context: Context, asked: Asked) -> list[Vend]:
    accounts = () if private(context, asked) else asked.accounts
    if asked.contact_id is None or await sim.swapped(conn, context, asked.contact_id):
        raise Refused("sim.cooling")
    return await top_up.tokens(conn, account_ids=accounts, contact_id=asked.contact_id)


async def _token(conn: AsyncConnection, context: Context, asked: Asked) -> Vend:
    for one in await _tokens(conn, context, asked):
        if str(one.id) == asked.data.get("vend_id"):
            return one
    raise Refused("choose.gone")


def _typed(text: Any, currency: str, lang: str) -> int | None:
    try:
        return max(typed(str(text), currency, lang), 0) or None if text else None
    except Unreadable as why:
        return LARGEST_MINOR if why.key == "number.too_large" else None
