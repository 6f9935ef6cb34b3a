"""The words of the console, in each language that it is read in: Babel catalogues whose keys are the English texts.

A template says `_("Sent to {name}", name=...)`, or `_n(count, "{n} bill", "{n} bills")` where the number decides. What is filled in is
escaped, whoever wrote it; a text that a language lacks is said in English.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from gettext import c2py
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

_CATALOGUES = Path(__file__).parent.parent / "admin" / "templates"


def _english(count: int) -> int:
    return int(count != 1)


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of a language, each under its English; a text with a plural has one for each of its forms."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    form_of: Callable[[int], int] = _english


@cache
def words(lang: str) -> Words:
    """The catalogue of a language; an empty one where there is none."""
    path = _CATALOGUES / f"{lang}.po"
    if not path.exists():
        return Words()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=lang)
    texts = dict[str, tuple[str, ...]]()
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        if key and all(forms):
            texts[key] = forms
    return Words(texts, c2py(catalogue.plural_expr))


def told(text: str, lang: str) -> str:
    """One text of ours in `lang`."""
    return words(lang).texts.get(text, (text,))[0]


def plural(lang: str, count: int, single: str, several: str) -> str:
    """The text that goes with a number, its fields still open."""
    match = words(lang)
    forms = match.texts.get(single)
    return (single, several)[_english(count)] if forms is None else forms[min(match.form_of(count), len(forms) - 1)]


def filled(text: str, params: dict[str, Any]) -> Markup:
    """A text of ours as markup, with what is filled in escaped unless it is markup already."""
    ours = Markup(str(escape(text)).replace("&#39;", "'"))  # noqa: S704 - the catalogue's own text, escaped
    return ours.format(**params) if params else ours


@pass_context
def gettext(context: Context, text: str, /, **params: Any) -> Markup:
    """`_`: a text of ours in the language of the page."""
    return filled(told(text, context["lang"]), params)


@pass_context
def ngettext(context: Context, count: int, single: str, several: str, /, **params: Any) -> Markup:
    """`_n`: the text that goes with a number; `{n}` is the number as the language writes it."""
    lang = context["lang"]
    return filled(plural(lang, count, single, several), {"n": format_decimal(count, locale=lang), **params})
