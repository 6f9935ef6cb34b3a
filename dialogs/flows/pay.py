"""Paying: all of it or another amount, from this phone or by a link; three answers from the first menu to the prompt."""

from datetime import date

from core.money import LARGEST_MINOR, typed
from core.numbers import Unreadable
from dialogs.answers import DONE
from dialogs.counter import pay
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, End, Flow, Fork, Go, Load, Menu, Say, Values
from dialogs.number_slots import ENDS
from dialogs.values import amount, day

_MONEY = amount(999_999_99, "KES")
_PHONE = "+254712345678"

OWING = Load(
    pay.owing,
    pay.PayChoices(
        owed=_MONEY,
        asked_minor=999_999_99,
        due=day(date(2026, 9, 28)),
        push=True,
        link=True,
        currency="KES",
        later=True,
        debit=True,
        some=True,
    ),
)
MOST = Load(pay.at_most, pay.AtMost(_MONEY, 999_999_99))
TO_PAY = Load(pay.to_pay, pay.ToPay(_MONEY, push=True, link=True))
TO_PUSH = Load(pay.to_push, pay.ToPush(_MONEY, 999_999_99, _PHONE, link=True))
TO_LINK = Load(pay.to_link, pay.ToLink(_MONEY, _PHONE))
PUSH = Effect(pay.push, DONE, ("done", "already", "pending"), risk="money")
LINK = Effect(pay.give_paylink, pay.PaylinkShown("W" * 46), ("done", "already"), risk="money")


ASKED = {"asked_minor": 999_999_99}
"""The largest amount that is asked for."""


def amount_to_pay(text: str, data: Values, common: Values) -> Values:
    """Minor units of what was typed, in the notation of who typed it: at least the house's least amount, at most what can be asked for."""
    currency = str(data.get("currency") or common["currency"])
    try:
        minor = typed(text.rstrip(ENDS), currency, common["lang"])
    except Unreadable as why:
        if why.key == "number.none":
            raise Again("pay.not_an_amount") from why
        if why.key == "number.too_large":
            minor = LARGEST_MINOR
        else:
            raise Again("pay.like", example=amount(1_200_50, currency)) from why
    least, most = int(common["least_minor"]), data.get("most_minor")
    if minor < least:
        raise Again("pay.too_little", least=amount(least, currency))
    if most is not None and minor > most:
        raise Again("pay.too_much", most=amount(most, currency))
    return {"asked_minor": minor}


FLOW = Flow(
    "pay",
    start="owing",
    guards=("choose_account", "pin"),
    states={
        "owing": Fork(
            {"owes": "how", "clear": "clear", "typed": "other_how", "too_much": "less"},
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
        "other": Ask(
            "pay.other_ask", load=MOST, keep=("most_minor",), parse=amount_to_pay, widest=ASKED, to="other_how"
        ),
        "less": Ask("pay.less_ask", load=MOST, keep=("most_minor",), parse=amount_to_pay, widest=ASKED, to="other_how"),
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
                    "talk.yes",
                    run=PUSH,
                    done="pushed",
                    already="pushed",
                    pending="under_way",
                    refused="refused",
                    down="down",
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
)
