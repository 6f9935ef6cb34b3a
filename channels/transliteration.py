"""Writes a text in GSM-7 letters where that saves SMS parts and the customer or the operator agreed to it.

Vietnamese without accents, straight for curly quotes, a hyphen for a dash. It loses nuance, so nobody gets it unasked. A
letter for which we know no plain spelling is kept, and then nothing is gained: `shorter` answers the text untouched.
"""

import unicodedata

from msgspec.structs import replace

from channels.limits import GSM7, segments
from core.message import Option, Screen

_SPELLING = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'", "ʻ": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": ".", "…": "...",
    "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\t": " ",
    "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": "", "\u00ad": "",
    "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D",
    "ɓ": "b", "Ɓ": "B", "ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K", "ƴ": "y", "Ƴ": "Y", "ŋ": "ng", "Ŋ": "Ng",
    "×": "x", "÷": "/", "©": "(c)", "®": "(R)", "™": "(TM)", "°": "o", "º": "o", "ª": "a", "½": "1/2", "¼": "1/4",
}  # fmt: skip


def transliterate(text: str) -> str:
    """The text with every letter that GSM-7 lacks in its plain spelling, where we know one."""
    if text.isascii() and "`" not in text and "\t" not in text:
        return text
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


def shorter(text: str) -> str:
    """The transliteration when it travels in fewer SMS parts, otherwise the text itself."""
    plain = transliterate(text)
    return plain if len(segments(plain)) < len(segments(text)) else text


def on_air(screen: Screen) -> Screen:
    """A screen in plain letters: on a phone one letter beyond GSM-7 halves the room of the whole screen."""
    if f"{screen.text}{screen.more}{screen.back}".isascii() and all(
        option.label.isascii() for option in screen.options
    ):
        return screen
    options = tuple([Option(option.key, transliterate(option.label)) for option in screen.options])
    more, back = transliterate(screen.more), transliterate(screen.back)
    return replace(screen, text=transliterate(screen.text), options=options, more=more, back=back)


def _plain(character: str) -> str:
    if character in GSM7:
        return character
    if character in _SPELLING:
        return _SPELLING[character]
    bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    spelled = "".join(_SPELLING.get(c, c) for c in bare)
    return spelled if spelled and GSM7.issuperset(spelled) else character
