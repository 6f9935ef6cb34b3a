"""The language we speak, from the next screen on and in every notice."""

from dialogs.counter import identity
from dialogs.flows.outcomes import DOWN, REFUSED
from dialogs.model import Act, Effect, Flow, Load, Pick, Say

CHOICES = Load(identity.languages, {"rows": [{"value": "sw", "name": "Kiswahili"}] * 6})
SPEAK = Effect(identity.set_language)

FLOW = Flow(
    "language",
    start="which",
    states={
        "which": Pick("language.which", row="language.row", load=CHOICES, keep_as="language", to="set", none="only"),
        "set": Act(SPEAK, {"done": "home", "refused": "refused", "down": "down"}),
        "only": Say("language.only"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
