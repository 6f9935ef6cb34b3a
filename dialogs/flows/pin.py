"""Where the operator's policy asks for it, the PIN is asked before anything personal, once in a conversation."""

from dialogs.counter import identity
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import WANTED, Act, Again, Ask, Effect, End, Flow, Fork, Load, Values

HAS_PIN = Load(identity.has_pin, identity.PinKnown())
CHECK = Effect(identity.check_pin, identity.PinChecked(), ("done", "wrong", "locked"))


def asked_here(data: Values, facts: Values) -> str:
    """The operator's rule: is the caller's number, or a chat that was linked, enough?"""
    rule = facts["identity_chat"] if data.get("medium") == "chat" else facts["identity"]
    return "enough" if rule != "pin" or data.get("proven") else "ask"


def digits(text: str, _data: Values, common: Values) -> Values:
    """A PIN as typed; anything else is asked again."""
    typed = text.replace(" ", "")
    if not (typed.isascii() and typed.isdigit() and len(typed) == common["pin_digits"]):
        raise Again("pin.digits")
    return {"pin": typed}


_CHECK = {"done": WANTED, "wrong": "again", "locked": "locked", "refused": "refused", "down": "down"}

FLOW = Flow(
    "pin",
    start="needed",
    states={
        "needed": Fork({"enough": WANTED, "ask": "has_one"}, judge=asked_here),
        "has_one": Fork({"yes": "ask", "no": "new_pin"}, load=HAS_PIN),
        "ask": Ask("pin.ask", parse=digits, to="check", secret=True),
        "check": Act(CHECK, _CHECK),
        "again": Ask("pin.again", parse=digits, to="check", secret=True),
        "locked": End("pin.locked"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
