"""What may be kept of what a customer typed: no card number (`core/card_numbers.py`), and nothing that may be a PIN or a code."""

import re

from core.card_numbers import has_card, luhn, without_cards

__all__ = ["BLOT", "UNSAID", "blotted", "has_card", "luhn", "to_keep", "unblotted", "without_cards"]

_MAYBE_SECRET = re.compile(r"\d{4,8}")
UNSAID = "***"
BLOT = "\ue000"
"""Stands for each character of a secret in `raw`; it matches any character when a repeat is recognised."""


def to_keep(text: str, *, secret: bool, unheard: bool) -> str:
    """What may be kept of what was typed. Figures that answered nothing may be a PIN or a code that was said too late."""
    if secret or (unheard and _MAYBE_SECRET.fullmatch(text.strip())):
        return UNSAID
    return without_cards(text)


def blotted(text: str) -> str:
    """A secret, of the same length."""
    return BLOT * len(text)


def unblotted(stored: str, text: str) -> str:
    """The stored raw text with its blots filled in from `text`, so that the two can be compared character by character."""
    if BLOT not in stored:
        return stored
    return "".join(text[at] if letter == BLOT and at < len(text) else letter for at, letter in enumerate(stored))
