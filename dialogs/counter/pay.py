"""What there is to pay, and the two ways to pay it from here: a prompt on this phone, or a link."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.errors import Refused
from core.house import House
from core.money import LARGEST_MINOR, show, typed
from core.numbers import Unreadable
from core.payments import mandate_pages, methods
from core.payments import push as pushes
from core.payments import request as paylinks
from core.text import say
from dialogs.counter.common import Answer, account_of, follows_here, phone_at_hand, text_me
from dialogs.model import CounterRequest
from dialogs.values import amount, day


async def owing(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What there is to pay, and how it can be paid from here."""
    owes = await bills.owing(conn, account_of(request))
    payable = owes.open_minor - owes.disputed_minor
    currency = owes.currency or house.currency
    minor = _typed_amount(request.data.get("typed_amount"), currency, request.lang)
    most = pushes.most(house, payable, currency)
    ways = await methods.of_account(conn, house, account_of(request))
    push, link = await _can_push(conn, request, ways), payable > 0 and "card" in ways
    some = push or link or ways == methods.ALL
    where = "owes" if payable > 0 else "clear"
    if minor and some:
        where = "typed" if minor <= most else "too_much"
    return {
        "is": where,
        "owed": amount(payable, owes.currency),
        "due": day(owes.due_on) if owes.due_on else "",
        "asked_minor": minor,
        "push": push,
        "link": link,
        "some": some,
        "currency": owes.currency,
        "later": payable > 0 and owes.due_on is not None and owes.due_on < house.today(),
        "debit": mandate_pages.offered(house) and "direct_debit" in ways,
    }


async def at_most(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The most that can be asked for at once."""
    owes = await bills.owing(conn, account_of(request))
    currency = owes.currency or house.currency
    most = pushes.most(house, owes.open_minor - owes.disputed_minor, currency)
    return {"most": amount(most, currency), "most_minor": most}


async def to_pay(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """The amount that was typed, else all that is open now; and the ways it can be paid from here."""
    minor, payable, currency = await _amount(conn, request)
    ways = await methods.of_account(conn, house, account_of(request))
    push, link = await _can_push(conn, request, ways), payable > 0 and "card" in ways
    return {"amount": amount(minor, currency), "push": push, "link": link}


async def _can_push(conn: AsyncConnection, request: CounterRequest, ways: frozenset[str]) -> bool:
    return "push" in ways and (await phone_at_hand(conn, request))[0] is not None


async def to_push(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """What the prompt will ask for: some providers take whole units only, and what is over becomes credit."""
    minor, payable, currency = await _amount(conn, request)
    minor = pushes.payable(house, min(minor, pushes.most(house, payable, currency or house.currency)))
    _, shown = await phone_at_hand(conn, request)
    link = payable > 0 and "card" in await methods.of_account(conn, house, account_of(request))
    return {"amount": amount(minor, currency), "amount_minor": minor, "phone": shown, "link": link}


async def to_link(conn: AsyncConnection, _house: House, request: CounterRequest) -> Answer:
    """What the link will ask for: never more than is open. And where it goes: to this screen, or by SMS."""
    minor, payable, currency = await _amount(conn, request)
    told = {"amount": amount(min(minor, payable), currency), "phone": request.phone or ""}
    return {"is": "here" if follows_here(request) else "sms", **told}


async def _amount(conn: AsyncConnection, request: CounterRequest) -> tuple[int, int, str]:
    """(minor units to pay, what is open and not disputed, the currency)."""
    owes = await bills.owing(conn, account_of(request))
    payable = owes.open_minor - owes.disputed_minor
    minor = request.data.get("asked_minor") or payable
    if minor <= 0:
        raise Refused("pay.nothing")
    return int(minor), payable, owes.currency


async def push(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A prompt on this phone, which arrives when the session has ended."""
    minor = int(request.data["amount_minor"])
    phone, _ = await phone_at_hand(conn, request)
    if phone is None:
        raise Refused("rewards.no_phone")
    try:
        await pushes.ask(conn, house, account_of(request), phone, minor, request.key)
    except Refused as refused:
        if refused.code != "payments.push.live":
            raise
        return {"is": "pending"}
    return {"is": "done"}


async def give_paylink(conn: AsyncConnection, house: House, request: CounterRequest) -> Answer:
    """A link that pays what is open, or the part that was typed: on this screen, or by SMS."""
    part = request.data.get("asked_minor")
    await methods.insist(conn, house, account_of(request), "card")
    made = await paylinks.paylink(conn, house, account_of(request), amount_minor=part, key=request.key)
    if follows_here(request):
        return {"is": "done", "url": made.url}
    params = {"operator": house.operator.short_name, "amount": _shown(request), "url": made.url}
    await text_me(conn, house, request, say(request.lang, "pay.sms", **params))
    return {"is": "done"}


def _shown(request: CounterRequest) -> str:
    """The amount as the customer confirmed it."""
    _, minor, currency = request.data["amount"]
    return show(minor, currency, request.lang)


def _typed_amount(text: Any, currency: str, lang: str) -> int | None:
    """Minor units of the amount of `PAY 500`, in the notation of who wrote it; None when it is none."""
    try:
        return max(typed(str(text), currency, lang), 0) or None if text else None
    except Unreadable as why:
        return LARGEST_MINOR if why.key == "number.too_large" else None
