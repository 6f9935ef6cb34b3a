"""The language we speak, from the next screen on and in every notice."""

from dialogs.counter import contact
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Act, Effect, Flow, Fork, Load, Pick, Say, Values

CHOICES = Load(contact.languages, contact.Languages((contact.LanguageRow("sw", "Kiswahili"),) * 6))
SPEAK = Effect(contact.set_language, contact.Speaks("sw"))


def named(data: Values, _facts: Values) -> str:
    """Whether a language was called by its name (`KISWAHILI`)."""
    return "named" if data.get("named") else "ask"


FLOW = Flow(
    "language",
    start="start",
    states={
        "start": Fork({"ask": "which", "named": "set"}, judge=named),
        "which": Pick("language.which", row="language.row", load=CHOICES, keep_as="language", to="set", none="only"),
        "set": Act(SPEAK, {"done": "home", "refused": "refused", "down": "down"}),
        "only": Say("language.only"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
