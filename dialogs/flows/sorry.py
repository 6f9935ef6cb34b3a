"""What could not be looked up, told at length; `0` leads to the first menu."""

from dialogs.flows.outcomes import REFUSED
from dialogs.model import Flow

FLOW = Flow("sorry", start="told", states={"told": REFUSED})
