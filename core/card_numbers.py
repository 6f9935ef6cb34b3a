"""Card numbers never enter Hodi: they are recognised, and blotted out of whatever is kept or logged, whoever typed them.

People write them as they like: in groups, with dots, dashes or hard blanks between, in the figures of their own script, and with the
expiry date right behind. So every sequence of whole groups is looked at, and not only the longest.
"""

import re
from collections.abc import Iterator
from typing import Any

_RUN = re.compile(r"\d+(?:[\s.,/_\-\u2010-\u2015\u200b-\u200d]{1,3}\d+)*")
"""Groups of figures with at most three signs between them that people put there."""
_GROUP = re.compile(r"\d+")
_TOKEN = re.compile(r"(?<!\d)((?:\d{4}[ \-]){4}\d{4})(?!\d)")
_ISSUED = re.compile(r"4\d{12}|3[0689]\d{12}|3[47]\d{13}|[2-6]\d{15}|[56]\d{16,17}|[456]\d{18}")
"""Lengths and beginnings of payment cards: 13 figures only with the oldest, 17 and more only with some."""
EXACT = frozenset(
    {
        "account", "account_number", "bic", "csrf", "digest", "external_id", "externalId", "file", "hash", "href", "iban", "id", "key",
        "number", "once", "password", "prefix", "salt", "seal", "secret", "serial", "token", "url",
    }
)  # fmt: skip
"""Names of fields that hold what a thing is called by: they are looked up as they are, and a long number there is no card."""


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit that all payment cards carry."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """From where to where a card number stands."""
    for run in _RUN.finditer(text) if len(text) >= 13 else ():
        groups = list(_GROUP.finditer(text, *run.span()))
        for first, group in enumerate(groups):
            digits = ""
            for last in groups[first:]:
                digits += "".join(str(int(c)) for c in last[0])
                if len(digits) > 19:
                    break
                if _ISSUED.fullmatch(digits) and luhn(digits):
                    yield group.start(), last.end()


def has_card(text: str) -> bool:
    """Whether a card number stands in the text."""
    return any(True for _ in _cards(text))


def without_cards(text: str, blot: str = "*") -> str:
    """The text with its card numbers blotted out, as long as before."""
    for start, end in _cards(text):
        text = text[:start] + blot * (end - start) + text[end:]
    return text


def scrubbed(value: Any, name: str = "", *, tokens: bool = False) -> Any:
    """A value as JSON has them, without the card numbers in its texts; what stands under a name of `EXACT` is left, and so are with
    `tokens` twenty figures in fives of four: the token of a prepaid meter, in words of our own."""
    if name in EXACT:
        return value
    if isinstance(value, str):
        if tokens and _TOKEN.search(value):
            return "".join(part if at % 2 else without_cards(part) for at, part in enumerate(_TOKEN.split(value)))
        return without_cards(value)
    if isinstance(value, dict):
        return {key: scrubbed(one, key, tokens=tokens) for key, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, name, tokens=tokens) for one in value]
    return value
