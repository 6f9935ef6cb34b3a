"""How much room a text takes on the air, and how it is cut into SMS parts without losing or breaking a character.

GSM 03.38: a text written wholly in the GSM-7 alphabet is counted in septets, a character of the extension table as two
(escape and character). One character outside both tables, a curly quote or a smiling face, turns the whole message to UCS-2,
counted in UTF-16 units, a character beyond the basic plane as two. Neither pair is ever cut. A message of several parts
carries a header in each: 153 of 160 septets remain, 67 of 70 units.
"""

from typing import Literal

Encoding = Literal["gsm7", "ucs2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The GSM 7-bit default alphabet: 127 characters of one septet (its escape is no character)."""

EXTENSION = "\f^{}\\[~]|€"
"""The extension table: two septets each."""

SINGLE = {"gsm7": 160, "ucs2": 70}
PART = {"gsm7": 153, "ucs2": 67}

_BASIC_ASCII = "".join(c for c in BASIC if c.isascii()).encode()
_DROP_BASIC = dict.fromkeys(map(ord, BASIC))
_EXTENSION = frozenset(EXTENSION)
GSM7 = frozenset(BASIC + EXTENSION)
"""Every character that a GSM-7 message may hold."""


def units(text: str) -> tuple[Encoding, int]:
    """How the text must be encoded, and how many septets or UTF-16 units it then takes."""
    if text.isascii() and not text.encode().translate(None, _BASIC_ASCII):
        return "gsm7", len(text)
    foreign = text.translate(_DROP_BASIC)
    if _EXTENSION.issuperset(foreign):
        return "gsm7", len(text) + len(foreign)
    return "ucs2", wide(text)


def wide(text: str) -> int:
    """UTF-16 units of a text, whatever it holds (a half surrogate counts one)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def size(character: str, encoding: Encoding) -> int:
    """Units of one character in an encoding."""
    if encoding == "gsm7":
        return 2 if character in _EXTENSION else 1
    return 2 if character > "\uffff" else 1


def segments(text: str) -> list[str]:
    """The parts in which the text travels as SMS; joined they are the text. An empty text is one empty part."""
    encoding, total = units(text)
    if total <= SINGLE[encoding]:
        return [text]
    parts, start, used, room = [], 0, 0, PART[encoding]
    for at, character in enumerate(text):
        width = size(character, encoding)
        if used + width > room:
            parts.append(text[start:at])
            start, used = at, 0
        used += width
    parts.append(text[start:])
    return parts
