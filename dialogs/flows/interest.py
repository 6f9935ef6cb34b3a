"""Somebody without an account would like one: name and place, and the branch calls back."""

from dialogs.answers import DONE
from dialogs.attachments import MAP
from dialogs.counter import contact
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, Flow, Go, Menu, Say, Values

REGISTER = Effect(contact.register_interest, DONE, ("done", "already"), risk="order")
LONGEST = 60


def a_name(text: str, _data: Values, _common: Values) -> Values:
    """Whatever a person calls themselves."""
    return {"name": _plain(text)}


def a_place(text: str, _data: Values, _common: Values) -> Values:
    """Where they would like to be served, in their own words."""
    return {"place": " ".join(text.split()) if MAP in text else _plain(text)}


def _plain(text: str) -> str:
    words = " ".join(text.split())
    if len(words) < 2:
        raise Again("interest.hint")
    if len(words) > LONGEST:
        raise Again("talk.too_long")
    return words


FLOW = Flow(
    "interest",
    start="name",
    states={
        "name": Ask("interest.name", parse=a_name, widest={"name": "W" * LONGEST}, to="place"),
        "place": Ask("interest.place", parse=a_place, widest={"place": "W" * LONGEST}, to="confirm", pin=True),
        "confirm": Menu(
            "interest.confirm",
            choices=(
                Do("talk.yes", run=REGISTER, done="noted", already="noted", refused="refused", down="down"),
                Go("talk.no", to="name"),
            ),
            pages=2,
        ),
        "noted": Say("interest.noted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
