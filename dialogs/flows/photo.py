"""A file was sent: it is kept for a clerk. Of a picture one answer says what it is of; a voice and a paper say themselves what they are about."""

from dialogs.counter import photo
from dialogs.counter.common import REFERENCE, Referenced
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Fork, Go, Menu, Say, Values

METER = Effect(photo.of_the_meter, Referenced(REFERENCE), ("done", "already"), risk="order")
CLERK = Effect(photo.for_a_clerk, Referenced(REFERENCE), ("done", "already"), risk="order")


def what_was_sent(data: Values, _facts: Values) -> str:
    """A picture, unless something else came."""
    return str(data.get("sent") or "picture")


def _for_a_clerk(text: str) -> Menu:
    return Menu(
        text,
        choices=(
            Do("photo.pass_on", run=CLERK, done="noted", already="noted", refused="refused", down="down"),
            Go("home.fault", to="fault"),
            Go("home.agent", to="agent"),
        ),
    )


FLOW = Flow(
    "photo",
    start="sent",
    states={
        "sent": Fork({"picture": "kept", "voice": "voice", "file": "file"}, judge=what_was_sent),
        "kept": Menu(
            "photo.kept",
            choices=(
                Do("photo.meter", run=METER, done="noted", already="noted", refused="refused", down="down"),
                Go("home.fault", to="fault"),
                Go("home.agent", to="agent"),
            ),
        ),
        "voice": _for_a_clerk("photo.voice"),
        "file": _for_a_clerk("photo.file"),
        "noted": Say("photo.noted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
