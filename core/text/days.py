"""A day as a person says it, short enough for one SMS: `6th June`, `tarehe 6 Juni`.

No year: a notice speaks of a day close by. Periods are kept as [first, end) and said with their last day, by `last_of` alone. Only letters a feature phone has (GSM-7) in the languages that can do without others.
"""

import re
from datetime import date, timedelta
from functools import cache, lru_cache

from babel.dates import format_date, format_skeleton, get_month_names


@cache
def _months(lang: str) -> dict[int, str]:
    return dict(get_month_names("wide", locale=lang))


@lru_cache(maxsize=1024)
def spoken(lang: str, day: date) -> str:
    """The day and its month in `lang`: with its ordinal where the language says one."""
    if lang == "en":
        return f"{day.day}{_ordinal(day.day)} {_months(lang)[day.month]}"
    if lang == "sw":
        return f"tarehe {day.day} {_months(lang)[day.month]}"
    return str(format_skeleton("MMMMd", day, locale=lang))


def last_of(end: date) -> date:
    """The last day of a period that is kept as [first, end): what every page, message and file for people says."""
    return end - timedelta(days=1)


def days_of(first: date, end: date, lang: str, pattern: str = "d MMM y") -> tuple[str, str]:
    """The first and the last day of a period kept as [first, end), both included, in words of `lang`."""
    said = [format_date(one, pattern, locale=lang) for one in (first, last_of(end))]
    return said[0], said[1]


def _ordinal(number: int) -> str:
    """`st`, `nd`, `rd` or `th`: eleven to thirteen are `th` in spite of their last digit."""
    if 11 <= number % 100 <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


WRITTEN = re.compile(r"(\d{1,2})\.?\s+([^\W\d_]+(?:\s+\d{1,2})?)\.?,?\s+(\d{4})")
"""A day as pages write it: 29 Nov 2026, 29 nov. 2026, 29 thg 11 2026."""


@cache
def _month_numbers(lang: str) -> dict[str, int]:
    names = [get_month_names(width, locale=lang) for width in ("abbreviated", "wide")]
    return {name.casefold().rstrip("."): number for one in names for number, name in dict(one).items()}


def written(day: date, lang: str = "en") -> str:
    """A day as the console writes it, in every field and beside it: what stands there can be read back."""
    return str(format_date(day, "d MMM y", locale=lang))


def read_written(text: str, *languages: str) -> date:
    """The day that a person wrote as pages show it (29 Nov 2026) or as files do (2026-11-29); ValueError for every other form, because
    11/12/2026 is two days."""
    text = text.strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no day")
    for lang in (*languages, "en"):
        month = _month_numbers(lang).get(" ".join(found[2].casefold().split()))
        if month:
            return date(int(found[3]), month, int(found[1]))
    raise ValueError(f"{found[2]!r} is no month")
