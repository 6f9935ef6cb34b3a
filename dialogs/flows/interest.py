"""Somebody without an account would like one: name and place, and the branch calls back."""

from dialogs.attachments import MAP
from dialogs.counter import identity
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Again, Ask, Do, Effect, Flow, Go, Menu, Say, Values

REGISTER = Effect(identity.register_interest, ("done", "already"), risk="order")
LONGEST = 60


def a_name(text: str, _data: Values, _house: Values) -> Values:
    """Whatever a person calls herself."""
    return {"name": _plain(text)}


def a_place(text: str, _data: Values, _house: Values) -> Values:
    """Where she would like to be served, in her own words."""
    return {"place": " ".join(text.split()) if MAP in text else _plain(text)}


def _plain(text: str) -> str:
    said = " ".join(text.split())
    if len(said) < 2:
        raise Again("interest.hint")
    if len(said) > LONGEST:
        raise Again("talk.too_long")
    return said


FLOW = Flow(
    "interest",
    start="name",
    states={
        "name": Ask("interest.name", parse=a_name, to="place"),
        "place": Ask("interest.place", parse=a_place, to="confirm", pin=True),
        "confirm": Menu(
            "interest.confirm",
            choices=(
                Do("talk.yes", run=REGISTER, done="noted", already="noted", refused="refused", down="down"),
                Go("talk.no", to="name"),
            ),
        ),
        "noted": Say("interest.noted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
