"""What we may write to a customer: news and offers on or off, or nothing at all but what the law demands."""

from dialogs.counter import contact
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Load, Menu, Say
from dialogs.values import word

NOW = Load(contact.consent, contact.Consent(word("consent.own"), on=True, off=True, offers=True, no_offers=True))
SET = Effect(contact.set_offers, contact.OffersSet(word("consent.own")))

FLOW = Flow(
    "consent",
    start="now",
    states={
        "now": Menu(
            "consent.now",
            load=NOW,
            choices=(
                Go("consent.yes", to="sure", keep={"wants_offers": True}, when="offers"),
                Go("consent.no", to="sure", keep={"wants_offers": False}, when="no_offers"),
                Go("home.stop", to="stop", when="on"),
                Go("home.start", to="start", when="off"),
            ),
        ),
        "sure": Menu(
            "consent.sure",
            choices=(Do("talk.yes", run=SET, done="done", refused="refused", down="down"), Go("talk.no", to="now")),
        ),
        "done": Say("consent.now"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
