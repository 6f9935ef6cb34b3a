"""I paid, where is it? The last payments at a glance, any one of them by its number, and a person who looks for it."""

from datetime import UTC, datetime

from dialogs.answers import DONE
from dialogs.counter import paid
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, Flow, Fork, Go, Load, Menu, Say, Values
from dialogs.values import amount, lines, moment, word

_MONEY, _AT = amount(999_999_99, "KES"), moment(datetime(2026, 9, 28, 20, 20, tzinfo=UTC))
_LINE = word("paid.line", amount=_MONEY, at=_AT, state=word("paid.state.refunded"))

LAST = Load(paid.last_payments, paid.LastPayments(lines([_LINE] * paid.MOST_LINES)))
FIND = Load(paid.find_payment, paid.PaymentTrace("W" * 20, _MONEY, _AT))
CLAIM = Effect(paid.claim_payment, DONE, ("done", "already"), risk="money")
LOOK = Effect(paid.look_for_payment, Referenced(REFERENCE), ("done", "already"), risk="order")


def a_payment_number(text: str, _data: Values, _common: Values) -> Values:
    """The number of a payment as a bank or a wallet gives it."""
    typed = text.replace(" ", "")
    if not 4 <= len(typed) <= 40 or not typed.replace("-", "").replace("_", "").isalnum():
        raise Again("paid.hint")
    return {"number": typed.upper()}


FLOW = Flow(
    "paid",
    start="start",
    guards=("choose_account", "pin"),
    states={
        "start": Fork({"told": "last", "typed": "found"}, load=LAST),
        "last": Say("paid.last", load=LAST, choices=(Go("paid.by_number", to="ask"),), pages=3),
        "ask": Ask("paid.ask", parse=a_payment_number, widest={"number": "W" * 20}, to="found", pages=2, coded=True),
        "found": Fork(
            {
                "settled": "settled",
                "unclaimed": "unclaimed",
                "pending": "pending",
                "failed": "failed",
                "refunded": "refunded",
                "none": "unknown",
            },
            load=FIND,
            keep=("number", "amount", "at"),
        ),
        "settled": Say("paid.settled", choices=(Go("home.balance", to="balance"),)),
        "unclaimed": Menu(
            "paid.unclaimed",
            choices=(
                Do("talk.yes", run=CLAIM, done="claimed", already="claimed", refused="refused", down="down"),
                Go("talk.no", to="home"),
            ),
            pages=2,
        ),
        "claimed": Say("paid.claimed", choices=(Go("home.balance", to="balance"),)),
        "pending": Say("paid.pending"),
        "failed": Say("paid.failed", choices=(Go("home.pay", to="pay"),)),
        "refunded": Say("paid.refunded"),
        "unknown": Menu(
            "paid.unknown",
            choices=(
                Do("talk.yes", run=LOOK, done="reported", already="reported", refused="refused", down="down"),
                Go("paid.other", to="ask"),
            ),
            pages=2,
        ),
        "reported": Say("paid.reported", choices=(Go("fault.my_tickets", to="tickets"),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)
