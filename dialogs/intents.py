"""Keywords reach the same flows as the menus: one table of words per language, matched on the whole message.

A word in the middle of a sentence is no keyword, so that a customer who writes "please stop the leak" is not signed off. STOP
and START work everywhere, also where a question waits for an answer; the other words only where a choice was expected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Intent:
    """Where a word leads, and what it brings along."""

    flow: str
    everywhere: bool = False
    keep: Mapping[str, Any] = field(default_factory=dict)


WORDS: dict[str, tuple[str, ...]] = {
    "balance": ("BAL", "BALANCE", "SALIO"),
    "bill": ("BILL", "BILLS", "BILI", "ANKARA"),
    "pay": ("PAY", "LIPA"),
    "fault": ("FAULT", "OUTAGE", "HITILAFU", "TATIZO"),
    "tickets": ("TICKET", "TICKETS", "STATUS", "TIKETI", "HALI"),
    "rewards": ("POINTS", "REWARDS", "POINTI", "ZAWADI"),
    "language": ("LANGUAGE", "LUGHA"),
    "link": ("LINK", "UNGANISHA"),
    "home": ("MENU", "HOME", "HI", "HELLO", "HODI", "MWANZO", "HABARI"),
    "help": ("HELP", "INFO", "MSAADA"),
    "stop": ("STOP", "STOPALL", "UNSUBSCRIBE", "ACHA", "SIMAMISHA"),
    "start": ("START", "UNSTOP", "ANZA"),
}
EVERYWHERE = frozenset({"stop", "start"})

_FLOW = {word: flow for flow, words in WORDS.items() for word in words}
_PAY_AMOUNT = re.compile(r"(?P<word>[A-Z]+)\s+(?:[A-Z]{2,3}\.?\s*)?(?P<amount>\d[\d.,]{0,12})(?:/[-=])?")


def find(text: str) -> Intent | None:
    """The intent of a whole message: a keyword, or `PAY 500` with its amount."""
    if len(text) > 40:
        return None
    message = text.strip().strip(".!?").strip().upper()
    flow = _FLOW.get(message)
    if flow:
        return Intent(flow, flow in EVERYWHERE)
    paying = _PAY_AMOUNT.fullmatch(message)
    if paying and _FLOW.get(paying["word"]) == "pay":
        return Intent("pay", keep={"typed_amount": paying["amount"].rstrip(".,")})
    return None
