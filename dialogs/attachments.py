"""What a customer brings without words: a voice note, a paper, a place on a map, a sticker. Each enters the talk under a sign that no
keyboard writes, so that no word of theirs is taken for it, and is understood wherever the talk stands.
"""

from decimal import Decimal, InvalidOperation

import msgspec

SIGN = "\ue001"
"""From the area that Unicode leaves to private use. Taken out of whatever comes in: no stranger brings a place of their making."""
LONGEST_LABEL = 70
MAP = "https://maps.google.com/?q="


class Attachment(msgspec.Struct, frozen=True):
    """`name`: picture, voice, file, place, or why it cannot be used (a hint of the talk); `words`: what came along."""

    name: str
    words: str


def encode(name: str, words: str = "") -> str:
    """As the talk hears it."""
    return f"{SIGN}{name}{SIGN}{words}"


def decode(text: str) -> Attachment | None:
    """What was brought; None: these are words."""
    if not text.startswith(SIGN):
        return None
    _, name, words = [*text.split(SIGN, 2), "", ""][:3]
    return Attachment(name, words)


def place(latitude: str, longitude: str, *labels: str) -> str | None:
    """A place on a map in words: what it is called (else where it is), and a link that shows it; None for what is no place on Earth."""
    try:
        north, east = Decimal(latitude), Decimal(longitude)
    except InvalidOperation:
        return None
    if not (north.is_finite() and east.is_finite()):
        return None
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    at = f"{north:.5f},{east:.5f}"
    named = ", ".join(dict.fromkeys(words for label in labels if (words := " ".join(label.split()))))[:LONGEST_LABEL]
    return f"{named or at.replace(',', ', ')} {MAP}{at}"


def without_link(words: str) -> str:
    """What a place is called, without its link: for a small screen."""
    return words.partition(f" {MAP}")[0]
