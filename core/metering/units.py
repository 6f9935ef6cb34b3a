"""Quantities as integer micro-units, and the units a file may speak: text to integer without a float in between."""

import re

from core import numbers
from core.numbers import Notation, Unreadable, notation_of

__all__ = [
    "EVENT_UNITS", "LARGEST_MICRO", "MICRO", "SPOKEN", "UNITS", "Unreadable", "micro", "read", "typed", "used", "written",
]  # fmt: skip

MICRO = 1_000_000
LARGEST_MICRO = 10**15
"""No single reading exceeds this (a thousand million kWh): a guard against a slipped decimal point."""

_FINEST = 18
"""Decimals that a file may write; what is finer than a micro-unit is refused."""
_OF_THE_FINEST = 10**18
_DECIMAL = re.compile(r"(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,2}))?")

UNITS = {
    "wh": ("kWh", 1_000), "kwh": ("kWh", MICRO), "mwh": ("kWh", 1_000 * MICRO),
    "varh": ("kVArh", 1_000), "kvarh": ("kVArh", MICRO), "mvarh": ("kVArh", 1_000 * MICRO),
    "vah": ("kVAh", 1_000), "kvah": ("kVAh", MICRO),
    "l": ("m3", 1_000), "m3": ("m3", MICRO),
    "mb": ("MB", MICRO), "gb": ("MB", 1_000 * MICRO), "s": ("s", MICRO),
}  # fmt: skip
"""What files call a unit, in lower case -> (the meter's unit, micro-units of it in one)."""

EVENT_UNITS = UNITS | {
    "b": ("MB", 1),
    "byte": ("MB", 1),
    "kb": ("MB", 1_000),
    "kib": ("MB", 1 << 10),
    "mib": ("MB", 1 << 20),
    "gib": ("MB", 1 << 30),
    "min": ("s", 60 * MICRO),
    "h": ("s", 3_600 * MICRO),
    "event": ("event", MICRO),
    "message": ("event", MICRO),
    "sms": ("event", MICRO),
}
"""The same for calls, messages and sessions."""


SPOKEN = frozenset(
    {"kwh", "kwhs", "m3", "m³", "units", "unit", "uniti", "yuniti", "unites", "unités", "eenheden", "gb", "mb", "min"}
)
"""Words for units that may stand beside a quantity, in small letters."""
_ANY_UNIT = frozenset({"units", "unit", "uniti", "yuniti", "unites", "unités", "eenheden"})


def micro(text: str, scale: int = MICRO) -> int:
    """`0.099` of a machine -> 99,000 micro-units; Unreadable when it is no plain decimal, too fine, or beyond belief.

    What programs write of the very small is taken (`1e-05`); `1E+05` is what a spreadsheet leaves of 123,456, and is no number. `scale` is how many micro-units one unit of the text is. `NaN`, `inf` and blanks are no numbers.
    """
    spelled = _DECIMAL.fullmatch(text.strip())
    if spelled is None or not (spelled[2] or spelled[3]):
        raise Unreadable("reject.not_a_number", text=text[:40])
    digits, decimals = spelled[2] + spelled[3], len(spelled[3]) - int(spelled[4] or 0)
    if len(digits) + abs(decimals) > 60:
        raise Unreadable("reject.too_large", text=text[:40])
    value = int(digits) * scale * int("1" + "0" * max(0, -decimals))
    value, rest = divmod(value, int("1" + "0" * max(0, decimals)))
    if rest:
        raise Unreadable("reject.too_fine", text=text[:40])
    if value > LARGEST_MICRO:
        raise Unreadable("reject.too_large", text=text[:40])
    if int(spelled[4] or 0) > 0:
        raise Unreadable("reject.not_a_number", text=text[:40])
    return -value if spelled[1] else value


def used(text: str, scale: int = MICRO) -> int:
    """`micro` of something that was used: less than nothing is refused."""
    value = micro(text, scale)
    if value < 0:
        raise Unreadable("reject.negative", text=text[:40])
    return value


def written(text: str, notation: Notation, scale: int = MICRO) -> int:
    """`used` of a file that says how it writes decimals: `1.250,5` or `1,250.5`, as exactly."""
    value, rest = divmod(numbers.read(text, notation, _FINEST) * scale, _OF_THE_FINEST)
    if rest:
        raise Unreadable("reject.too_fine", text=text[:40])
    if value < 0:
        raise Unreadable("reject.negative", text=text[:40])
    if value > LARGEST_MICRO:
        raise Unreadable("reject.too_large", text=text[:40])
    return value


def read(text: str, notation: Notation, unit: str = "") -> int:
    """Micro-units of a quantity that a person, or a file of people, wrote, its unit beside it or not; less than nothing is refused."""
    value = numbers.read(text, notation, numbers.MICRO_DECIMALS, frozenset({unit.casefold()} - {""}) | _ANY_UNIT)
    if value < 0:
        raise Unreadable("reject.negative", text=text[:40])
    if value > LARGEST_MICRO:
        raise Unreadable("reject.too_large", text=text[:40])
    return value


def typed(text: str, lang: str, unit: str = "") -> int:
    """Micro-units of what somebody typed who reads and writes `lang`."""
    return read(text, notation_of(lang), unit)
