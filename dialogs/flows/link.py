"""Brings a phone or chat and an account together: by a code to the phone of record, or by PIN. And parts them again."""

from dialogs.counter import identity
from dialogs.flows.new_pin import a_code
from dialogs.flows.pin import digits
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import Act, Again, Ask, Do, Effect, Flow, Go, Load, Menu, Say, Values
from dialogs.values import word

SEND_CODE = Effect(identity.send_link_code, identity.CodeSent("+2547*****678"), risk="personal")
_LINKED = identity.Linked(thing=word("link.thing.phone"))
LINK = Effect(identity.link_account, _LINKED, ("done", "wrong"))
BY_PIN = Effect(identity.link_by_pin, _LINKED, ("done", "wrong", "locked"))
ACCOUNT = Load(identity.linked_account, identity.LinkedAccount("0123456789012"))
UNLINK = Effect(identity.unlink, identity.Linked(), risk="personal")

LONGEST_NUMBER = 20


def an_account_number(text: str, _data: Values, _common: Values) -> Values:
    """An account number as it stands on the bill."""
    typed = text.replace(" ", "").upper()
    if not 3 <= len(typed) <= LONGEST_NUMBER or not typed.replace("-", "").replace("/", "").isalnum():
        raise Again("link.number_hint")
    return {"number": typed}


FLOW = Flow(
    "link",
    start="number",
    states={
        "number": Ask(
            "link.number",
            parse=an_account_number,
            widest={"number": "W" * LONGEST_NUMBER},
            to="confirm",
            share="link.share_phone",
            coded=True,
        ),
        "confirm": Menu(
            "link.confirm",
            choices=(
                Do("talk.yes", run=SEND_CODE, done="code", refused="refused", down="down"),
                Go("link.by_pin", to="ask_pin"),
                Go("link.other_number", to="number"),
            ),
        ),
        "code": Ask("link.code", parse=a_code, to="check", secret=True),
        "check": Act(LINK, {"done": "linked", "wrong": "code_again", "refused": "refused", "down": "down"}),
        "code_again": Ask("link.code_again", parse=a_code, to="check", secret=True),
        "ask_pin": Ask("pin.ask", parse=digits, to="check_pin", secret=True),
        "check_pin": Act(
            BY_PIN, {"done": "linked", "wrong": "pin_again", "locked": "locked", "refused": "refused", "down": "down"}
        ),
        "pin_again": Ask("pin.again", parse=digits, to="check_pin", secret=True),
        "locked": Say("pin.locked"),
        "linked": Say("link.linked", choices=(Go("home.balance", to="balance"),)),
        "refused": REFUSED,
        "down": DOWN,
    },
)

PART = Flow(
    "unlink",
    start="sure",
    guards=("choose_account",),
    states={
        "sure": Menu(
            "unlink.sure",
            load=ACCOUNT,
            choices=(
                Do("talk.yes", run=UNLINK, done="parted", refused="refused", down="down"),
                Go("talk.no", to="home"),
            ),
        ),
        "parted": Say("unlink.parted"),
        "refused": REFUSED,
        "down": DOWN,
    },
)
