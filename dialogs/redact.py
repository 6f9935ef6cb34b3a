"""What may be kept of what a customer typed: no card number (`core/card_numbers.py`), and nothing that may be a PIN or a code."""

import re

from core.card_numbers import has_card, luhn, without_cards

__all__ = ["UNSAID", "has_card", "luhn", "to_keep", "without_cards"]

_MAYBE_SECRET = re.compile(r"\d{4,8}")
UNSAID = "***"


def to_keep(text: str, *, secret: bool, unheard: bool) -> str:
    """What may be kept of what she typed. Figures that answered nothing may be a PIN or a code that was said too late."""
    if secret or (unheard and _MAYBE_SECRET.fullmatch(text.strip())):
        return UNSAID
    return without_cards(text)
