"""The door: who is calling, how the account stands in one line, and the way to everything else in one answer."""

from datetime import date

from dialogs.answers import Identified
from dialogs.counter import caller
from dialogs.model import Effect, Flow, Fork, Go, Menu, QuickLoad, Values
from dialogs.values import amount, day, word

CALLER = QuickLoad(caller.caller, Identified())
MEET = Effect(caller.meet, Identified(), ("known",))
STANDING = QuickLoad(
    caller.standing,
    caller.StandingLine(
        word("home.line.overdue", amount=amount(999_999_99, "KES"), due=day(date(2026, 9, 28))), several=True
    ),
)
OFFERS = QuickLoad(caller.offers, caller.MoreOffers(reads=True, prepaid=True))
HERE = QuickLoad(caller.here, caller.HereLine(word("home.here.phone")))


def who_calls(_data: Values, facts: Values) -> str:
    """A customer has at least one account that this contact may ask about."""
    return "customer" if facts["accounts"] else "stranger"


FLOW = Flow(
    "home",
    start="who",
    states={
        "who": Fork({"customer": "menu", "stranger": "welcome"}, judge=who_calls),
        "menu": Menu(
            "home.menu",
            load=STANDING,
            home=True,
            choices=(
                Go("home.balance", to="balance"),
                Go("home.bill", to="bill"),
                Go("home.pay", to="pay"),
                Go("home.fault", to="fault"),
                Go("home.rewards", to="rewards"),
                Go("home.account", to="choose_account", keep={"account_id": None}, when="several"),
                Go("home.more", to="more"),
            ),
        ),
        "more": Menu(
            "home.more_title",
            load=OFFERS,
            choices=(
                Go("home.reading", to="reading", when="reads"),
                Go("home.top_up", to="top_up", when="prepaid"),
                Go("home.price", to="price"),
                Go("home.tickets", to="tickets"),
                Go("home.agent", to="agent"),
                Go("home.mine", to="mine"),
                Go("home.help", to="help"),
            ),
            pages=2,
        ),
        "mine": Menu(
            "home.mine_title",
            choices=(
                Go("home.plan", to="plan"),
                Go("home.numbers", to="numbers"),
                Go("home.language", to="language"),
                Go("home.pin", to="new_pin"),
                Go("home.link", to="link"),
                Go("home.unlink", to="unlink"),
                Go("home.consent", to="consent"),
            ),
            pages=2,
        ),
        "welcome": Menu(
            "home.welcome",
            load=HERE,
            home=True,
            choices=(
                Go("home.link", to="link"),
                Go("home.interest", to="interest"),
                Go("home.fault", to="fault"),
                Go("home.language", to="language"),
                Go("home.more", to="visitor"),
            ),
        ),
        "visitor": Menu(
            "home.more_title",
            choices=(
                Go("home.top_up", to="top_up"),
                Go("home.price", to="price"),
                Go("home.agent", to="agent"),
                Go("home.help", to="help"),
            ),
        ),
    },
)
