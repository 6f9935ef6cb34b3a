"""What was typed, in plain signs: figures of every script, keycaps and circled numbers, and no marks that nobody sees."""

import unicodedata

_UNSEEN = ("Cf", "Cc")
_JOINERS = "\u200c\u200d"
_BLANKS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
"""Signs that are letters or marks by their class and blank to the eye."""
_ROUND_A_KEY = "().#*:;,!> \u00a0"
"""What people put round the number of a choice: `2.`, `(2)`, `2)`, `#2`."""


def plain_figures(text: str) -> str:
    """The text with its decimal figures in ASCII and without invisible marks: `٣`, `３` and a keycap are plain figures."""
    return "".join([_figure(letter) for letter in text if not _unseen(letter)]) if not text.isascii() else text


def as_key(text: str) -> str:
    """The number of a choice, however it was written; other text as it stands, in plain figures."""
    bare = text if text.isascii() else "".join([_key(letter) for letter in text if not _unseen(letter)])
    return bare.strip().strip(_ROUND_A_KEY)


def _unseen(letter: str) -> bool:
    """Marks of direction, blanks of no width, the frame of a keycap. What joins letters stays: it changes how they read."""
    if letter in _BLANKS or letter in "\ufe0e\ufe0f\u20e3":
        return True
    return unicodedata.category(letter) in _UNSEEN and letter not in _JOINERS and not letter.isspace()


def _figure(letter: str) -> str:
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)


def _key(letter: str) -> str:
    if letter == "\U0001f51f":
        return "10"
    value = unicodedata.numeric(letter, None)
    if value is None or value != int(value) or unicodedata.category(letter) not in ("Nd", "No"):
        return "" if letter in _JOINERS else letter
    return str(int(value))
