"""Sets a PIN, the first or after one was forgotten: a code to the phone of record, then the PIN twice."""

from dialogs.counter import identity
from dialogs.flows.pin import digits
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import WANTED, Act, Again, Ask, Do, Effect, Flow, Go, Menu, Say, Values

SEND_CODE = Effect(identity.send_pin_code, identity.CodeSent("+2547*****678"), risk="personal")
CHECK_CODE = Effect(identity.check_pin_code, identity.CodeChecked(), ("done", "wrong"))
REMEMBER = Effect(identity.remember_pin, identity.PinRemembered(""))
SET = Effect(identity.set_pin, identity.PinSet(), ("done", "differs"))


def a_code(text: str, _data: Values, _common: Values) -> Values:
    """A code of six digits or so, as it came by SMS."""
    typed = text.replace(" ", "").replace("-", "")
    if not (typed.isascii() and typed.isdigit() and 4 <= len(typed) <= 10):
        raise Again("pin.code_hint")
    return {"code": typed}


FLOW = Flow(
    "new_pin",
    start="offer",
    guards=("choose_account",),
    states={
        "offer": Menu(
            "pin.offer",
            choices=(
                Do("pin.send", run=SEND_CODE, done="code", refused="refused", down="down"),
                Go("talk.no", to="home"),
            ),
        ),
        "code": Ask("pin.code", parse=a_code, to="check_code", secret=True),
        "check_code": Act(CHECK_CODE, {"done": "new", "wrong": "code_again", "refused": "refused", "down": "down"}),
        "code_again": Ask("pin.code_again", parse=a_code, to="check_code", secret=True),
        "new": Ask("pin.new", parse=digits, to="remember", secret=True),
        "remember": Act(REMEMBER, {"done": "repeat", "refused": "easy", "down": "down"}),
        "easy": Say("talk.refused", choices=(Go("pin.other", to="new"),), pages=2),
        "repeat": Ask("pin.repeat", parse=digits, to="set", secret=True),
        "set": Act(SET, {"done": "is_set", "differs": "differs", "refused": "easy", "down": "down"}),
        "differs": Say("pin.differs", choices=(Go("pin.other", to="new"),)),
        "is_set": Say("pin.is_set", choices=(Go("pin.on", to=WANTED),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)
