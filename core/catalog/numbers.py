"""Numbers of a tariff are decimal texts, never YAML numbers: 0.1 read as a float is not a tenth."""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


def _decimal_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError(f"{value} must be a decimal text: write it in quotes, such as '{value}'")
    if value.startswith("-"):
        raise ValueError(f"{value} is negative: use a discount, or `credit: true` on a usage charge")
    if not _DECIMAL.fullmatch(value):
        raise ValueError(f"{value!r} is no number: write digits such as '12.50', at most 12 before and after the point")
    return value


Number = Annotated[str, BeforeValidator(_decimal_text)]
"""A decimal text, zero or more."""


def exact(text: str) -> Fraction:
    """The number a decimal text stands for."""
    return Fraction(text)


MOST_DECIMALS = 12


def plain(value: Fraction, least: int = 0) -> str:
    """Decimal text with at least so many decimals, exact where it ends within twelve; else the twelfth is nearest."""
    scaled = value * 10**MOST_DECIMALS
    whole = (abs(scaled.numerator) * 2 + scaled.denominator) // (scaled.denominator * 2)
    digits = str(whole).rjust(MOST_DECIMALS + 1, "0")
    head, tail = digits[:-MOST_DECIMALS], digits[-MOST_DECIMALS:].rstrip("0").ljust(least, "0")
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{head}.{tail}" if tail else f"{sign}{head}"
