"""A day as a person says it, short enough for one SMS: `6th June`, `tarehe 6 Juni`.

No year: a notice speaks of a day close by. Only letters a feature phone has (GSM-7) in the languages that can do without others.
"""

from datetime import date
from functools import cache, lru_cache

from babel.dates import format_skeleton, get_month_names


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


def _ordinal(number: int) -> str:
    """`st`, `nd`, `rd` or `th`: eleven to thirteen are `th` in spite of their last digit."""
    if 11 <= number % 100 <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
