"""She sent a picture: it is kept for a clerk, and one answer says what it is of."""

from dialogs.counter import photo
from dialogs.flows.outcomes import DOWN, REFUSED
from dialogs.model import Do, Effect, Flow, Go, Menu, Say

METER = Effect(photo.of_the_meter, ("done", "already"), risk="order", widest={"reference": "T-1234567-8"})

FLOW = Flow(
    "photo",
    start="kept",
    states={
        "kept": Menu(
            "photo.kept",
            choices=(
                Do("photo.meter", run=METER, done="noted", already="noted", refused="refused", down="down"),
                Go("home.fault", to="fault"),
                Go("home.agent", to="agent"),
            ),
        ),
        "noted": Say("photo.noted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
