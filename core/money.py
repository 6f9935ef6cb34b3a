"""Money is an integer count of minor units and a currency, everywhere below the screen.

Exponents differ (KES 2, VND and UGX 0, KWD 3) and come from CLDR through Babel; a payment provider that counts otherwise
converts in its own adapter. Nothing here rounds: a text with more decimals than the currency has is refused, because the one
place that rounds is `core/rating/rounding.py`.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.core import get_global
from babel.numbers import get_decimal_symbol, get_group_symbol

LARGEST_MINOR = 10**15
"""No single amount may exceed this: a guard against a slipped decimal point, far below what 64 bits hold."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`minor` units (cents) of `currency` (ISO 4217)."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        _same(self, other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        _same(self, other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        return f"{plain(self.minor, self.currency)} {self.currency}"


def _same(one: Money, other: Money) -> None:
    if one.currency != other.currency:
        raise ValueError(f"{one.currency} and {other.currency} cannot be added: convert one first")


@cache
def known(currency: str) -> bool:
    """Whether CLDR knows this currency code."""
    return currency in get_global("all_currencies")


@cache
def exponent(currency: str) -> int:
    """How many decimals the currency has (KES 2, VND 0)."""
    if not known(currency):
        raise ValueError(f"{currency!r} is no currency code: use an ISO 4217 code such as KES")
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return digits


def parse(text: str, currency: str) -> int:
    """Minor units of a plain decimal text such as `1200.50`; refuses what is no exact amount of the currency."""
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation as why:
        raise ValueError(f"{text!r} is not an amount: write digits such as 1200.50") from why
    if not value.is_finite():
        raise ValueError(f"{text!r} is not an amount: write digits such as 1200.50")
    scaled = value.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency} has ({exponent(currency)})")
    if abs(scaled) > LARGEST_MINOR:
        raise ValueError(f"{text!r} is larger than any amount Hodi accepts")
    return int(scaled)


def decimal(minor: int, currency: str) -> Decimal:
    """The amount as a Decimal with the currency's own decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def plain(minor: int, currency: str) -> str:
    """`1200.50`: digits only, for machines and files."""
    return f"{decimal(minor, currency):f}"


@cache
def _script(lang: str, currency: str) -> tuple[str, str, int, int, str, str]:
    """How an amount is written: what stands before and after its number, its decimals, and CLDR's separators with plain spaces."""
    before, after = {"VND": ("", " VND"), "EUR": ("€ ", "")}.get(currency, (f"{currency} ", ""))
    group, point = get_group_symbol(lang), get_decimal_symbol(lang)
    plain_group = " " if group in "\u00a0\u202f" else group
    digits = exponent(currency)
    return before, after, digits, 10**digits, plain_group, point


def show(minor: int, currency: str, lang: str = "en") -> str:
    """As a person reads it, in GSM-7 letters wherever the language allows: `KES 1,200.50`, whole amounts without decimals."""
    before, after, digits, scale, group, point = _script(lang, currency)
    whole, part = divmod(abs(minor), scale)
    number = f"{whole:,}"
    if group != ",":
        number = number.replace(",", group)
    if part:
        number = f"{number}{point}{part:0{digits}}"
    return f"{'-' if minor < 0 else ''}{before}{number}{after}"
