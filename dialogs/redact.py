"""Card numbers never enter Hodi: they are recognised, refused, and blotted out of whatever is kept or logged."""

import re

_RUN = re.compile(r"(?<!\d)[2-6](?:[ .-]?\d){12,18}(?!\d)")
"""13 to 19 digits that begin as payment cards do, perhaps in groups."""


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit that all payment cards carry."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_card(found: re.Match[str]) -> bool:
    return luhn("".join(c for c in found[0] if c.isascii() and c.isdigit()))


def has_card(text: str) -> bool:
    """Whether a card number stands in the text."""
    return len(text) >= 13 and any(_is_card(found) for found in _RUN.finditer(text))


def without_cards(text: str, blot: str = "*") -> str:
    """The text with the digits of card numbers blotted out, as long as before."""
    if len(text) < 13:
        return text
    return _RUN.sub(lambda found: blot * len(found[0]) if _is_card(found) else found[0], text)
