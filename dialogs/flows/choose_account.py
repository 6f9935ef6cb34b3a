"""One phone with several accounts is asked which; one without any is led to link one."""

from dialogs.counter import caller
from dialogs.model import WANTED, Flow, Fork, Go, Load, Menu, Pick, QuickLoad, Values
from dialogs.values import word

ACCOUNTS = Load(caller.accounts, caller.Accounts((caller.AccountRow(1, "0123456789012", "W" * 16),) * 6))


HERE = QuickLoad(caller.here, caller.HereLine(word("home.here.phone")))


def chosen(data: Values, facts: Values) -> str:
    """Whether there is anything to choose."""
    if data.get("account_id"):
        return "chosen"
    return "several" if facts["accounts"] else "none"


FLOW = Flow(
    "choose_account",
    start="chosen",
    states={
        "chosen": Fork({"chosen": WANTED, "several": "which", "none": "none"}, judge=chosen),
        "which": Pick(
            "choose.which", row="choose.row", load=ACCOUNTS, keep_as="account_id", to=WANTED, none="none", pages=2
        ),
        "none": Menu(
            "choose.none", load=HERE, choices=(Go("home.link", to="link"), Go("home.interest", to="interest"))
        ),
    },
)
