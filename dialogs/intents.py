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
    "reading": ("READ", "READING", "METER", "SOMA", "MITA"),
    "top_up": ("TOPUP", "TOKEN", "TOKENS", "UNITS", "BUY", "TOKENI", "UNITI", "NUNUA"),
    "price": ("PRICE", "COST", "BEI"),
    "plan": ("PLAN", "TARIFF", "MPANGO"),
    "numbers": ("NUMBER", "ACCOUNT", "NAMBA", "AKAUNTI"),
    "agent": ("AGENT", "PERSON", "HUMAN", "CALL", "MHUDUMU", "MTU"),
    "consent": ("OFFERS", "CONSENT", "MATANGAZO"),
    "language": ("LANGUAGE", "LUGHA"),
    "link": ("LINK", "UNGANISHA"),
    "unlink": ("UNLINK", "TENGANISHA"),
    "home": ("MENU", "HOME", "HI", "HELLO", "HODI", "MWANZO", "HABARI"),
    "help": ("HELP", "INFO", "MSAADA"),
    "stop": ("STOP", "STOPALL", "UNSUBSCRIBE", "ACHA", "SIMAMISHA"),
    "start": ("START", "UNSTOP", "ANZA"),
}
EVERYWHERE = frozenset({"stop", "start"})

_FLOW = {word: flow for flow, words in WORDS.items() for word in words}
_WITH_FIGURE = re.compile(
    r"(?P<word>[A-Z]+)\s+(?:[A-Z]{2,3}\.?\s*)?(?P<figure>\d[\d.,]{0,12})(?:/[-=]|\s*(?:KWH|M3|UNITS))?"
)
TAKES_A_FIGURE = {"pay": "typed_amount", "reading": "typed_reading", "price": "typed_use", "top_up": "typed_amount"}
"""Flows that a figure may come along with (`PAY 500`, `READ 12345`, `PRICE 180`), and what it is kept as."""


def find(text: str) -> Intent | None:
    """The intent of a whole message: a keyword, or one with its figure (`PAY 500`)."""
    if len(text) > 40:
        return None
    message = text.strip().strip(".!?").strip().upper()
    flow = _FLOW.get(message)
    if flow:
        return Intent(flow, flow in EVERYWHERE)
    told = _WITH_FIGURE.fullmatch(message)
    flow = _FLOW.get(told["word"]) if told else None
    if told and flow in TAKES_A_FIGURE:
        return Intent(flow, keep={TAKES_A_FIGURE[flow]: told["figure"].rstrip(".,")})
    return None
