"""STOP and START: taken at their word at once, because nobody should have to argue to be left alone.

A word that may have been the answer to a question is asked back; and who asks for it in other words is told the word.
"""

from dialogs.answers import DONE
from dialogs.counter import contact
from dialogs.flows.sorry import DOWN, REFUSED
from dialogs.model import ASKED, Act, Effect, End, Flow, Go, Menu, Say

LEAVE_ALONE = Effect(contact.stop, contact.Stopped("W" * 11), ("done", "sender"))
WRITE_AGAIN = Effect(contact.start, DONE)

STOP = Flow(
    "stop",
    start="stop",
    states={
        "stop": Act(LEAVE_ALONE, {"done": "stopped", "sender": "stopped_here", "refused": "refused", "down": "down"}),
        "stopped": End("messages.stopped"),
        "stopped_here": End("messages.stopped_here"),
        "refused": REFUSED,
        "down": DOWN,
    },
)

START = Flow(
    "start",
    start="start",
    states={
        "start": Act(WRITE_AGAIN, {"done": "started", "refused": "refused", "down": "down"}),
        "started": End("messages.started"),
        "refused": REFUSED,
        "down": DOWN,
    },
)


def _asked_back(flow: str) -> Flow:
    """Whether the word was meant so, or as the answer."""
    ask = Menu(f"messages.{flow}_sure", choices=(Go("talk.yes", to=flow), Go("messages.mine", to=ASKED)))
    return Flow(f"{flow}_sure", start="ask", states={"ask": ask})


STOP_SURE, START_SURE = _asked_back("stop"), _asked_back("start")
LEAVING = Flow(
    "leaving",
    start="told",
    states={"told": Say("messages.how", choices=(Go("messages.mine", to=ASKED, when="said"),))},
)
