"""Values that are written differently in each language: tagged lists, so that they pass through JSON as they are.

`amount(120050, "KES")` is kept as `["money", 120050, "KES"]` and said as `KES 1,200.50`. A plain text or number is said as it
stands.
"""

from datetime import date, datetime
from typing import Any

MICRO = 1_000_000
Text = str | list[Any]
"""What a text may name: plain words, or a tagged value of this file."""


def amount(minor: int, currency: str) -> list[Any]:
    """An amount of money."""
    return ["money", minor, currency]


def quantity(micro: int, unit: str) -> list[Any]:
    """A quantity in micro-units: 1.5 kWh is 1_500_000."""
    return ["quantity", micro, unit]


def left(amount: int, unit: str) -> list[Any]:
    """What is left in a bucket, as people count it: minutes, GB, money."""
    return ["left", amount, unit]


def day(on: date) -> list[Any]:
    """A date of the operator's calendar."""
    return ["day", on.isoformat()]


def moment(at: datetime) -> list[Any]:
    """An instant to the minute, said as a date and a time of day where the operator is."""
    return ["moment", at.isoformat("T", "minutes")]


def word(key: str, **params: Any) -> list[Any]:
    """A phrase of the catalogues inside another."""
    return ["word", key, params]


def named(names: dict[str, str]) -> list[Any]:
    """A name that was written down in several languages (a line of a bill)."""
    return ["named", names]


def lines(values: list[Any]) -> list[Any]:
    """Several values below each other."""
    return ["lines", values]


def cut(text: str, most: int) -> str:
    """A name or address that somebody typed once, no longer than a small screen bears."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 2].rstrip() + ".."
