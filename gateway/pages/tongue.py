"""Templates of the console are written in English; in another language their own words are exchanged as they are compiled.

Only what stands between tags of a template is exchanged, never a value that is filled in: what a customer wrote stays as it was written.
A word that the language lacks is said in English.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_WORDS = Path(__file__).parent.parent / "admin" / "templates"
_BETWEEN = re.compile(r"(^|>)([^<>]+)(?=<|$)")


@cache
def words(lang: str) -> dict[str, str]:
    """English -> the same in `lang`; empty where there is no such file."""
    path = _WORDS / f"{lang}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file, locale=lang) if one.id and one.string}


def told(text: str, lang: str) -> str:
    """One text of ours in `lang`."""
    return words(lang).get(text, text)


def in_language(lang: str) -> type[Extension]:
    """What a template environment of `lang` is made with."""

    class Exchange(Extension):
        """Exchanges the words of a template, once, when it is compiled."""

        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)

        def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
            for token in stream:
                yield Token(token.lineno, token.type, _exchanged(token.value, lang)) if token.type == "data" else token

    return Exchange


def _exchanged(text: str, lang: str) -> str:
    def one(found: re.Match[str]) -> str:
        bare = " ".join(found[2].split())
        return found[1] + found[2].replace(found[2].strip(), told(bare, lang)) if bare in words(lang) else found[0]

    return _BETWEEN.sub(one, text)
