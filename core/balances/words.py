"""Amounts of a bucket as a person reads them: money as money, seconds as minutes, the rest as plain numbers with their unit."""

from collections.abc import Mapping

from core import money, numbers
from core.balances.model import is_money
from core.metering.units import EVENT_UNITS, Unreadable, read, used
from core.numbers import Notation
from core.text import say

MICRO = 1_000_000


def shown(amount: int, unit: str, lang: str) -> str:
    """`KES 12.50`, `1.5 GB`, `100 min`, `20`."""
    if is_money(unit):
        return money.show(amount, unit, lang)
    if unit == "s":
        return f"{plain(amount // 60, lang)} min"
    if unit == "MB" and amount >= 1_000 * MICRO:
        return f"{plain(amount // 1_000, lang)} GB"
    return plain(amount, lang) if unit == "event" else f"{plain(amount, lang)} {unit}"


def amount_of(text: str, unit: str, notation: Notation | None = None) -> tuple[str, int]:
    """What was written as a bucket counts it: (unit, minor or micro-units); without a notation, by a machine. ValueError says what is wrong."""
    if is_money(unit):
        return unit, money.parse(text, unit) if notation is None else money.read(text, unit, notation)
    known = EVENT_UNITS.get(unit.lower())
    if known is None:
        raise ValueError(f"{unit!r} is no unit: use a currency, or one of {', '.join(EVENT_UNITS)}")
    try:
        plain_text = (
            text if notation is None else numbers.show(read(text, notation, unit), numbers.MICRO_DECIMALS, "en")
        )
        return known[0], used(plain_text, known[1])
    except Unreadable as why:
        raise ValueError(say("en", why.key, **why.params)) from None


def plain(micro: int, lang: str = "en") -> str:
    """Digits of a quantity, at most two decimals and never more than there is: 42, 1.5 (1,5 in Dutch)."""
    return numbers.show(micro // 10_000, 2, lang)


def called(name: Mapping[str, str], unit: str, lang: str) -> str:
    """The bucket's name in this language, or what its unit is called."""
    return name.get(lang) or name.get("en") or next(iter(name.values()), "") or say(lang, "bucket.unnamed", unit=unit)
