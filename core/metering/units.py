"""Quantities as integer micro-units, and the units a file may speak: text to integer without a float in between."""

import re

MICRO = 1_000_000
LARGEST_MICRO = 10**15
"""No single reading exceeds this (a thousand million kWh): a guard against a slipped decimal point."""

_DECIMAL = re.compile(r"(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,2}))?")

UNITS = {
    "wh": ("kWh", 1_000), "kwh": ("kWh", MICRO), "mwh": ("kWh", 1_000 * MICRO),
    "varh": ("kVArh", 1_000), "kvarh": ("kVArh", MICRO), "mvarh": ("kVArh", 1_000 * MICRO),
    "vah": ("kVAh", 1_000), "kvah": ("kVAh", MICRO),
    "l": ("m3", 1_000), "m3": ("m3", MICRO),
    "mb": ("MB", MICRO), "gb": ("MB", 1_000 * MICRO), "s": ("s", MICRO),
}  # fmt: skip
"""What files call a unit, in lower case -> (the meter's unit, micro-units of it in one)."""


def micro(text: str, scale: int = MICRO) -> int:
    """`0.099` -> 99,000 micro-units; ValueError when it is no plain decimal, too fine, or beyond belief.

    `scale` is how many micro-units one unit of the text is.
    """
    spelled = _DECIMAL.fullmatch(text.strip())
    if spelled is None or not (spelled[2] or spelled[3]):
        raise ValueError(f"{text!r} is not a number")
    digits, decimals = spelled[2] + spelled[3], len(spelled[3]) - int(spelled[4] or 0)
    if len(digits) + abs(decimals) > 60:
        raise ValueError(f"{text!r} is larger than any reading")
    value = int(digits) * scale
    if decimals < 0:
        value *= 10**-decimals
    else:
        value, rest = divmod(value, 10**decimals)
        if rest:
            raise ValueError(f"{text!r} is finer than a millionth")
    if value > LARGEST_MICRO:
        raise ValueError(f"{text!r} is larger than any reading")
    return -value if spelled[1] else value
