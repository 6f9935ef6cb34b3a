"""How what did not happen is told, the same everywhere: why not, or that we could not just now."""

from dialogs.model import Flow, Say

REFUSED = Say("talk.refused", pages=2)
"""`why` is the refusal's own sentence."""

DOWN = Say("talk.down")

FLOW = Flow("sorry", start="told", states={"told": REFUSED})
"""What could not be looked up, told at length; `0` leads to the first menu."""
