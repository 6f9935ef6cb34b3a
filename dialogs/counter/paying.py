"""What there is to pay, and the two ways to pay it from here: a prompt on this phone, or a link."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.context import App, Context
from core.errors import Refused
from core.money import LARGEST_MINOR, show, typed
from core.numbers import Unreadable
from core.payments import mandate_pages, methods, request
from core.payments import push as pushes
from core.text import say
from dialogs.counter.common import Answer, account_of, follows_here, phone_at_hand, text_me
from dialogs.model import Asked
from dialogs.values import amount, day


async def owing(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """What there is to pay, and how it can be paid from here."""
    owes = await bills.owing(conn, account_of(asked))
    payable = owes.open_minor - owes.disputed_minor
    currency = owes.currency or app.currency
    minor = _typed_amount(asked.data.get("typed_amount"), currency, asked.lang)
    most = pushes.most(app, payable, currency)
    ways = await methods.of_account(conn, app, account_of(asked))
    push, link = await _can_push(conn, asked, ways), payable > 0 and "card" in ways
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
        "later": payable > 0 and owes.due_on is not None and owes.due_on < app.today(),
        "debit": mandate_pages.offered(app) and "direct_debit" in ways,
    }


async def at_most(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """The most that can be asked for at once."""
    owes = await bills.owing(conn, account_of(asked))
    currency = owes.currency or app.currency
    most = pushes.most(app, owes.open_minor - owes.disputed_minor, currency)
    return {"most": amount(most, currency), "most_minor": most}


async def to_pay(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """The amount that was typed, else all that is open now; and the ways it can be paid from here."""
    minor, payable, currency = await _amount(conn, asked)
    ways = await methods.of_account(conn, context, account_of(asked))
    push, link = await _can_push(conn, asked, ways), payable > 0 and "card" in ways
    return {"amount": amount(minor, currency), "push": push, "link": link}


async def _can_push(conn: AsyncConnection, asked: Asked, ways: frozenset[str]) -> bool:
    return "push" in ways and (await phone_at_hand(conn, asked))[0] is not None


async def to_push(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """What the prompt will ask for: some providers take whole units only, and what is over becomes credit."""
    minor, payable, currency = await _amount(conn, asked)
    minor = pushes.payable(app, min(minor, pushes.most(app, payable, currency or app.currency)))
    _, shown = await phone_at_hand(conn, asked)
    link = payable > 0 and "card" in await methods.of_account(conn, app, account_of(asked))
    return {"amount": amount(minor, currency), "amount_minor": minor, "phone": shown, "link": link}


async def to_link(conn: AsyncConnection, _house: Context, asked: Asked) -> Answer:
    """What the link will ask for: never more than is open. And where it goes: to this screen, or by SMS."""
    minor, payable, currency = await _amount(conn, asked)
    told = {"amount": amount(min(minor, payable), currency), "phone": asked.phone or ""}
    return {"is": "here" if follows_here(asked) else "sms", **told}


async def _amount(conn: AsyncConnection, asked: Asked) -> tuple[int, int, str]:
    """(minor units to pay, what is open and not disputed, the currency)."""
    owes = await bills.owing(conn, account_of(asked))
    payable = owes.open_minor - owes.disputed_minor
    minor = asked.data.get("asked_minor") or payable
    if minor <= 0:
        raise Refused("pay.nothing")
    return int(minor), payable, owes.currency


async def push(conn: AsyncConnection, app: App, asked: Asked) -> Answer:
    """A prompt on this phone, which arrives when the session has ended."""
    minor = int(asked.data["amount_minor"])
    phone, _ = await phone_at_hand(conn, asked)
    if phone is None:
        raise Refused("rewards.no_phone")
    try:
        await pushes.ask(conn, app, account_of(asked), phone, minor, asked.key)
    except Refused as refused:
        if refused.code != "payments.push.live":
            raise
        return {"is": "pending"}
    return {"is": "done"}


async def give_paylink(conn: AsyncConnection, context: Context, asked: Asked) -> Answer:
    """A link that pays what is open, or the part that was typed: on this screen, or by SMS."""
    part = asked.data.get("asked_minor")
    await methods.insist(conn, context, account_of(asked), "card")
    made = await request.paylink(conn, context, account_of(asked), amount_minor=part, key=asked.key)
    if follows_here(asked):
        return {"is": "done", "url": made.url}
    params = {"operator": context.operator.short_name, "amount": _shown(asked), "url": made.url}
    await text_me(conn, context, asked, say(asked.lang, "pay.sms", **params))
    return {"is": "done"}


def _shown(asked: Asked) -> str:
    """The amount as the customer confirmed it."""
    _, minor, currency = asked.data["amount"]
    return show(minor, currency, asked.lang)


def _typed_amount(text: Any, currency: str, lang: str) -> int | None:
    """Minor units of the amount of `PAY 500`, in the notation of who wrote it; None when it is none."""
    try:
        return max(typed(str(text), currency, lang), 0) or None if text else None
    except Unreadable as why:
        return LARGEST_MINOR if why.key == "number.too_large" else None
