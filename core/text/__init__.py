"""The words Hodi says, in each language: Babel catalogues, one file per room and language, read as they are.

`say("sw", "pay.sent", amount="KES 500")` finds `pay.sent` in `core/text/sw/*.po`. A message is `str.format` text whose fields
are plain names, so an operator may edit it and can reach nothing else. A key without a translation is a bug that
`tests/core/text` finds; at run time English is said rather than nothing.
"""

import string
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("en", "sw", "ha", "fr", "vi", "nl")
"""Every language a customer may choose, English first: it is the one that is said where another lacks a word."""

FOR_STAFF = (
    "access.", "approvals.", "bucket.no_account", "campaign.", "channels.error.", "collections.agency.", "collections.limit.", "collections.outcome.",
    "collections.protected", "collections.simulate.", "collections.unknown", "collections.write_off.", "credit.",
    "desk.", "fee.", "file.", "held.", "outage.", "import.", "parked.", "payments.debits.", "payments.move.", "payments.provider.",
    "payments.refund.", "reconcile.", "reject.", "why.", "word.", "tariff.explain.", "tariff.span.", "tariff.spans.", "usage.",
)  # fmt: skip
"""Beginnings of keys that only staff reads: said in the languages of the console, in English elsewhere."""
CONSOLE = ("en", "fr", "vi", "sw")

_HERE = Path(__file__).parent
_FORMAT = string.Formatter()


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All messages of a language: key -> text. Two files may not define the same key."""
    words: dict[str, str] = {}
    for path in sorted((_HERE / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id:
                    key, text = str(message.id), str(message.string)
                    if key in words:
                        raise ValueError(f"{path.name}: {key} is already said in another file of {lang}")
                    words[key] = text
    return words


_overrides: dict[str, dict[str, str]] = {}
_edits = 0


def override(lang: str, words: dict[str, str]) -> None:
    """An operator's own wording of some keys, from the `texts/` of its folder."""
    global _edits  # noqa: PLW0603 - the catalogues are one for the process
    _overrides.setdefault(lang, {}).update(words)
    pattern.cache_clear()
    parsed.cache_clear()
    _edits += 1


def edits() -> int:
    """How often wordings were changed: whoever keeps a finished text keeps it under this number."""
    return _edits


@cache
def pattern(lang: str, key: str) -> str:
    """The untouched text of a key, its `{fields}` still open; KeyError when no language knows the key."""
    for tongue in (lang, "en"):
        text = _overrides.get(tongue, {}).get(key) or catalogue(tongue).get(key)
        if text:
            return text
    raise KeyError(f"no catalogue has the message {key!r}")


@lru_cache(1_000)
def fields(text: str) -> frozenset[str]:
    """The names of the `{fields}` of a message; refuses anything cleverer than a plain name."""
    names = frozenset(name for _, name, spec, conversion in _FORMAT.parse(text) if name is not None)
    if any(not name.isidentifier() for name in names):
        raise ValueError(f"{text!r}: a field must be a plain name such as {{amount}}")
    return names


@cache
def parsed(lang: str, key: str) -> tuple[str, tuple[str, ...]]:
    """The untouched text of a key and the names of its fields, in their order: looked up once."""
    text = pattern(lang, key)
    fields(text)
    return text, tuple(dict.fromkeys(name for _, name, _, _ in _FORMAT.parse(text) if name is not None))


def say(lang: str, key: str, **params: object) -> str:
    """The message `key` in `lang` (English where it is missing) with its fields filled in."""
    text, _ = parsed(lang, key)
    return text.format(**params)
