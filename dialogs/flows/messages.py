"""STOP and START: taken at their word at once, because nobody should have to argue to be left alone."""

from dialogs.counter import identity
from dialogs.flows.outcomes import DOWN, REFUSED
from dialogs.model import Act, Effect, End, Flow

LEAVE_ALONE = Effect(identity.stop, ("done", "sender"), widest={"sender": "W" * 11})
WRITE_AGAIN = Effect(identity.start)

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
