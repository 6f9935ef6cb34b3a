"""Every bill collected when it is due: the customer agrees on the provider's own page, whose link is shown or sent, and ends it here."""

from dialogs.answers import DONE
from dialogs.counter import debit
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Fork, Go, Load, Menu, Say

STANDS = Load(debit.debit_stands, debit.DebitStands("bank ****1234", "+254712345678"))
INVITE = Effect(debit.invite, debit.DebitLink("W" * 46), ("done", "already"), risk="order")
END = Effect(debit.end_debit, DONE, ("done", "already"), risk="order")

FLOW = Flow(
    "debit",
    start="stands",
    guards=("choose_account", "pin"),
    states={
        "stands": Fork(
            {"given": "given", "sms": "offer", "here": "offer_here", "no_page": "no_page"},
            load=STANDS,
            keep=("bank", "phone"),
        ),
        "given": Menu("me.mandate.active", choices=(Go("debit.end", to="end"),)),
        "end": Menu(
            "debit.end_sure",
            choices=(
                Do("talk.yes", run=END, done="ended", already="ended", refused="refused", down="down"),
                Go("talk.no", to="home"),
            ),
        ),
        "ended": Say("debit.ended"),
        "offer": Menu(
            "debit.offer",
            choices=(Do("talk.yes", run=INVITE, done="sent", already="sent", refused="refused", down="down"),),
            pages=2,
        ),
        "sent": Say("pay.linked"),
        "offer_here": Menu(
            "debit.offer_here",
            choices=(Do("talk.yes", run=INVITE, done="agree", already="agree", refused="refused", down="down"),),
            pages=2,
        ),
        "agree": Say("debit.here"),
        "no_page": Say("payments.mandate.no_page", choices=(Go("home.agent", to="agent"),), pages=2),
        "refused": REFUSED,
        "down": DOWN,
    },
)
