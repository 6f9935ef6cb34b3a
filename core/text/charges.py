"""Our own words for what tariffs name by a code: charges and times of use that are called the same everywhere."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from core.text import LANGUAGES, catalogue

Kind = Literal["line", "time"]


@cache
def known(kind: Kind, code: str) -> dict[str, str]:
    """Our words for a code, by language; none when no catalogue knows it."""
    key = f"bill.{kind}.{code}"
    return {lang: catalogue(lang)[key] for lang in LANGUAGES if key in catalogue(lang)}


def lacking(kind: Kind, code: str, names: Mapping[str, str], languages: Sequence[str]) -> list[str]:
    """The languages in which neither the tariff nor we have a word."""
    ours = known(kind, code)
    return [lang for lang in languages if not names.get(lang) and lang not in ours]


def times() -> list[str]:
    """The codes of times of use that we have words for."""
    start = "bill.time."
    return [key.removeprefix(start) for key in catalogue("en") if key.startswith(start)]
