"""What there is to pay, and the two ways to pay it from here: a prompt on this phone, or a link."""

from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.context import App, Context
from core.errors import Refused
from core.money import LARGEST_MINOR, show, typed
from core.numbers import Unreadable
from core.payments import mandate_pages, methods
from core.payments import push as pushes
from core.payments import request as paylinks
from core.text import say
from dialogs.answers import DONE, Answer
from dialogs.counter.common import account_of, follows_here, phone_at_hand, text_me
from dialogs.model import CounterRequest
from dialogs.values import Text, amount, day


class PayChoices(Answer, frozen=True):
    """What there is to pay (`owes` or `clear`), unless an amount came along (`typed`, `too_much`); and how it can be paid from here."""

    owed: Text
    due: Text
    asked_minor: int | None
    push: bool
    link: bool
    some: bool
    """Whether there is any way but to come to the desk."""
    currency: str
    later: bool
    debit: bool


class AtMost(Answer, frozen=True):
    """The most that can be asked for at once."""

    most: Text
    most_minor: int


class ToPay(Answer, frozen=True):
    """An amount and the ways to pay it."""

    amount: Text
    push: bool
    link: bool


class ToPush(Answer, frozen=True):
    """What a prompt will ask for, and where it appears."""

    amount: Text
    amount_minor: int
    phone: str
    link: bool


class ToLink(Answer, frozen=True):
    """What a link will ask for; it stands `here`, or goes by `sms`."""

    amount: Text
    phone: str


class PaylinkShown(Answer, frozen=True):
    """The link, where it stands on the screen."""

    url: str | UnsetType = UNSET


class _Payable(NamedTuple):
    minor: int
    """To pay now."""
    open_minor: int
    """Open and not disputed."""
    currency: str


async def owing(conn: AsyncConnection, app: App, request: CounterRequest) -> PayChoices:
    """What there is to pay, and how it can be paid from here."""
    owes = await bills.owing(conn, account_of(request))
    payable = owes.open_minor - owes.disputed_minor
    currency = owes.currency or app.currency
    minor = typed_minor(request.data.get("typed_amount"), currency, request.lang)
    ways = await methods.of_account(conn, app, account_of(request))
    can_push, can_link = await _can_push(conn, request, ways), payable > 0 and "card" in ways
    some = can_push or can_link or ways == methods.ALL
    outcome = "owes" if payable > 0 else "clear"
    if minor and some:
        outcome = "typed" if minor <= pushes.most(app, payable, currency) else "too_much"
    return PayChoices(
        owed=amount(payable, owes.currency),
        due=day(owes.due_on) if owes.due_on else "",
        asked_minor=minor,
        push=can_push,
        link=can_link,
        some=some,
        currency=owes.currency,
        later=payable > 0 and owes.due_on is not None and owes.due_on < app.today(),
        debit=mandate_pages.offered(app) and "direct_debit" in ways,
        outcome=outcome,
    )


async def at_most(conn: AsyncConnection, app: App, request: CounterRequest) -> AtMost:
    """The most that can be asked for at once."""
    owes = await bills.owing(conn, account_of(request))
    currency = owes.currency or app.currency
    most = pushes.most(app, owes.open_minor - owes.disputed_minor, currency)
    return AtMost(amount(most, currency), most)


async def to_pay(conn: AsyncConnection, context: Context, request: CounterRequest) -> ToPay:
    """The amount that was typed, else all that is open now; and the ways it can be paid from here."""
    payable = await _payable(conn, request)
    ways = await methods.of_account(conn, context, account_of(request))
    can_link = payable.open_minor > 0 and "card" in ways
    return ToPay(amount(payable.minor, payable.currency), await _can_push(conn, request, ways), can_link)


async def _can_push(conn: AsyncConnection, request: CounterRequest, ways: frozenset[str]) -> bool:
    return "push" in ways and (await phone_at_hand(conn, request))[0] is not None


async def to_push(conn: AsyncConnection, app: App, request: CounterRequest) -> ToPush:
    """What the prompt will ask for: some providers take whole units only, and what is over becomes credit."""
    payable = await _payable(conn, request)
    most = pushes.most(app, payable.open_minor, payable.currency or app.currency)
    minor = pushes.payable(app, min(payable.minor, most))
    _, label = await phone_at_hand(conn, request)
    ways = await methods.of_account(conn, app, account_of(request)) if payable.open_minor > 0 else frozenset()
    return ToPush(amount(minor, payable.currency), minor, label, "card" in ways)


async def to_link(conn: AsyncConnection, _context: Context, request: CounterRequest) -> ToLink:
    """What the link will ask for: never more than is open. And where it goes: to this screen, or by SMS."""
    payable = await _payable(conn, request)
    minor = min(payable.minor, payable.open_minor)
    where = "here" if follows_here(request) else "sms"
    return ToLink(amount(minor, payable.currency), request.phone or "", outcome=where)


async def _payable(conn: AsyncConnection, request: CounterRequest) -> _Payable:
    owes = await bills.owing(conn, account_of(request))
    open_minor = owes.open_minor - owes.disputed_minor
    minor = request.data.get("asked_minor") or open_minor
    if minor <= 0:
        raise Refused("pay.nothing")
    return _Payable(int(minor), open_minor, owes.currency)


async def push(conn: AsyncConnection, app: App, request: CounterRequest) -> Answer:
    """A prompt on this phone, which arrives when the session has ended."""
    minor = int(request.data["amount_minor"])
    phone, _ = await phone_at_hand(conn, request)
    if phone is None:
        raise Refused("rewards.no_phone")
    try:
        await pushes.ask(conn, app, account_of(request), phone, minor, request.key)
    except Refused as refused:
        if refused.code != "payments.push.live":
            raise
        return Answer(outcome="pending")
    return DONE


async def give_paylink(conn: AsyncConnection, context: Context, request: CounterRequest) -> PaylinkShown:
    """A link that pays what is open, or the part that was typed: on this screen, or by SMS."""
    part = request.data.get("asked_minor")
    await methods.insist(conn, context, account_of(request), "card")
    link = await paylinks.paylink(conn, context, account_of(request), amount_minor=part, key=request.key)
    if follows_here(request):
        return PaylinkShown(link.url)
    params = {"operator": context.operator.short_name, "amount": _shown(request), "url": link.url}
    await text_me(conn, context, request, say(request.lang, "pay.sms", **params))
    return PaylinkShown()


def _shown(request: CounterRequest) -> str:
    """The amount as the customer confirmed it."""
    _, minor, currency = request.data["amount"]
    return show(minor, currency, request.lang)


def typed_minor(text: Any, currency: str, lang: str) -> int | None:
    """Minor units of the amount of `PAY 500` or `TOPUP 500`, in the notation of who wrote it; None when it is none."""
    try:
        return max(typed(str(text), currency, lang), 0) or None if text else None
    except Unreadable as why:
        return LARGEST_MINOR if why.key == "number.too_large" else None
