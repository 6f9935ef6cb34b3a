"""Paying: all of it or another amount, from this phone or by a link; three answers from the first menu to the prompt."""

from datetime import date

from core.money import parse
from dialogs.counter import paying
from dialogs.flows.outcomes import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, End, Flow, Fork, Go, Load, Menu, Say, Values
from dialogs.values import amount, day

_MONEY = amount(999_999_99, "KES")
_PHONE = "+254712345678"

OWING = Load(
    paying.owing,
    {
        "owed": _MONEY,
        "asked_minor": 999_999_99,
        "due": day(date(2026, 9, 28)),
        "push": True,
        "link": True,
        "currency": "KES",
        "later": True,
        "debit": True,
        "some": True,
    },
)
TO_PAY = Load(paying.to_pay, {"amount": _MONEY, "push": True, "link": True})
TO_PUSH = Load(paying.to_push, {"amount": _MONEY, "amount_minor": 999_999_99, "phone": _PHONE, "link": True})
TO_LINK = Load(paying.to_link, {"amount": _MONEY, "phone": _PHONE})
PUSH = Effect(paying.push, ("done", "already", "pending"), risk="money", widest={"amount": _MONEY, "phone": _PHONE})
LINK = Effect(paying.give_paylink, ("done", "already"), risk="money", widest={"amount": _MONEY, "url": "W" * 46})


def amount_to_pay(text: str, data: Values, house: Values) -> Values:
    """Minor units of what was typed: at least the house's least amount."""
    currency = str(data.get("currency") or house["currency"])
    digits = text.upper().removeprefix(currency).removesuffix("/=").removesuffix("/-").strip()
    try:
        minor = parse(digits, currency)
    except ValueError as why:
        raise Again("pay.not_an_amount") from why
    least = int(house["least_minor"])
    if minor < least:
        raise Again("pay.too_little", least=amount(least, currency))
    return {"asked_minor": minor}


FLOW = Flow(
    "pay",
    start="owing",
    guards=("choose_account", "pin"),
    states={
        "owing": Fork(
            {"owes": "how", "clear": "clear", "typed": "other_how"},
            load=OWING,
            keep=("owed", "due", "asked_minor", "push", "link", "currency", "later", "debit", "some"),
        ),
        "how": Menu(
            "pay.how",
            choices=(
                Go("pay.all_push", to="confirm_push", keep={"asked_minor": None}, when="push"),
                Go("pay.all_link", to="confirm_link", keep={"asked_minor": None}, when="link"),
                Go("pay.other", to="other", when="some"),
                Go("pay.later", to="arrange", when="later"),
                Go("pay.paid", to="paid"),
                Go("pay.debit", to="debit", when="debit"),
            ),
            pages=2,
        ),
        "clear": Menu(
            "pay.clear",
            choices=(
                Go("pay.ahead", to="other", when="some"),
                Go("pay.paid", to="paid"),
                Go("pay.debit", to="debit", when="debit"),
            ),
        ),
        "other": Ask("pay.other_ask", parse=amount_to_pay, to="other_how"),
        "other_how": Menu(
            "pay.other_how",
            load=TO_PAY,
            choices=(
                Go("pay.push", to="confirm_push", when="push"),
                Go("pay.link", to="confirm_link", when="link"),
            ),
        ),
        "confirm_push": Menu(
            "pay.confirm_push",
            load=TO_PUSH,
            keep=("amount_minor", "amount", "phone"),
            choices=(
                Do(
                    "talk.yes", run=PUSH, done="pushed", already="pushed", pending="under_way",
                    refused="refused", down="down",
                ),
                Go("pay.link_instead", to="confirm_link", when="link"),
            ),
        ),
        "confirm_link": Fork({"sms": "link_by_sms", "here": "link_here"}, load=TO_LINK, keep=("amount", "phone")),
        "link_by_sms": Menu(
            "pay.confirm_link",
            choices=(Do("talk.yes", run=LINK, done="linked", already="linked", refused="refused", down="down"),),
        ),
        "link_here": Menu(
            "pay.confirm_link_here",
            choices=(
                Do("talk.yes", run=LINK, done="linked_here", already="linked_here", refused="refused", down="down"),
            ),
        ),
        "pushed": End("pay.pushed"),
        "under_way": Say("pay.under_way", choices=(Go("pay.link", to="confirm_link"),)),
        "linked": Say("pay.linked"),
        "linked_here": Say("pay.linked_here"),
        "refused": REFUSED,
        "down": DOWN,
    },
)  # fmt: skip
