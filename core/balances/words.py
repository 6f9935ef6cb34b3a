"""Amounts of a bucket as a person reads them: money as money, seconds as minutes, the rest as plain numbers with their unit."""

from collections.abc import Mapping

from core import money
from core.balances.model import is_money
from core.text import say

MICRO = 1_000_000


def shown(amount: int, unit: str, lang: str) -> str:
    """`KES 12.50`, `1.5 GB`, `100 min`, `20`."""
    if is_money(unit):
        return money.show(amount, unit, lang)
    if unit == "s":
        return f"{plain(amount // 60)} min"
    if unit == "MB" and amount >= 1_000 * MICRO:
        return f"{plain(amount // 1_000)} GB"
    return plain(amount) if unit == "event" else f"{plain(amount)} {unit}"


def plain(micro: int) -> str:
    """Digits of a quantity, at most two decimals and never more than there is: 42, 1.5."""
    whole, part = divmod(micro, MICRO)
    return f"{whole}.{part // 10_000:02}".rstrip("0").rstrip(".")


def called(name: Mapping[str, str], unit: str, lang: str) -> str:
    """The bucket's name in this language, or what its unit is called."""
    return name.get(lang) or name.get("en") or next(iter(name.values()), "") or say(lang, "bucket.unnamed", unit=unit)
