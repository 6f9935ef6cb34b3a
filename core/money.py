"""Money is an integer count of minor units and a currency, everywhere below the screen.

Exponents differ (KES 2, VND and UGX 0, KWD 3) and come from CLDR through Babel; a payment provider that counts otherwise
converts in its own adapter. Nothing here rounds: a text with more decimals than the currency has is refused, because the one
place that rounds is `core/rating/rounding.py`.
"""

from decimal import Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_name, get_currency_symbol, get_decimal_symbol, get_group_symbol

from core import numbers
from core.numbers import Notation, Unreadable, notation_of
from core.text import LANGUAGES

LARGEST_MINOR = 10**15
"""No single amount may exceed this: a guard against a slipped decimal point, far below what 64 bits hold."""


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
    """Minor units of what a machine wrote (JSON, a setting, a bank's XML): digits and a point. Refuses what is no exact amount."""
    digits = exponent(currency)
    try:
        minor = numbers.machine(text.strip(), digits)
    except Unreadable as why:
        if why.key == "number.too_fine":
            raise ValueError(f"{text!r} has more decimals than {currency} has ({digits})") from None
        raise ValueError(f"{text[:60]!r} is not an amount: write digits such as 1200.50") from None
    if abs(minor) > LARGEST_MINOR:
        raise ValueError(f"{text!r} is larger than any amount Hodi accepts")
    return minor


def read(text: str, currency: str, notation: Notation) -> int:
    """Minor units of what a person or a file wrote, its currency before or after: `Ksh 1,500`, `500 bob`, `€ 12,50`. Unreadable else."""
    minor = numbers.read(text, notation, exponent(currency), names(currency))
    if abs(minor) > LARGEST_MINOR:
        raise Unreadable("number.too_large", text=text[:40])
    return minor


def typed(text: str, currency: str, lang: str) -> int:
    """Minor units of what somebody typed who reads and writes `lang`: what `show` wrote for them comes back as it was."""
    return read(text, currency, notation_of(lang, currency))


_CALLED = {
    "KES": "ksh kshs sh shs bob shilling shillings shilingi /= /-", "TZS": "tsh tshs sh shs shilling shillings shilingi /= /-",
    "UGX": "ush ushs sh shs shilling shillings shilingi /= /-", "NGN": "n naira", "GHS": "gh₵ ₵ gh¢ cedi cedis",
    "ZAR": "r rand", "RWF": "frw rf franc francs", "XOF": "f cfa fcfa franc francs", "XAF": "f cfa fcfa franc francs",
    "EUR": "€ euro euros", "USD": "$ us$ dollar dollars", "GBP": "£ pound pounds", "VND": "đ ₫ d dong đồng",
    "INR": "₹ rs rs. rupee rupees /-", "PKR": "rs rs. rupee rupees /-", "LKR": "rs rs. rupee rupees /-", "NPR": "rs rs. rupee rupees /-",
    "AUD": "$ a$ dollar dollars", "KWD": "kd dinar dinars", "BHD": "bd dinar dinars", "JPY": "¥ yen", "ZMW": "k kwacha",
    "MWK": "mk kwacha", "MZN": "mt metical meticais", "ETB": "br birr", "SLE": "le leone leones",
}  # fmt: skip
"""What people call a currency besides its code, CLDR's sign and CLDR's names, in small letters."""


@cache
def names(currency: str) -> frozenset[str]:
    """Every word that may stand before or after an amount of it."""
    told = {currency, *_CALLED.get(currency, "").split()}
    for lang in LANGUAGES:
        told.add(get_currency_symbol(currency, lang))
        told |= {get_currency_name(currency, count=count, locale=lang) for count in (1, 2)}
    return frozenset(numbers.tidied(one).casefold() for one in told)


@cache
def every_name() -> frozenset[str]:
    """What the currencies are called that people here write: a number beside one of these is money."""
    return frozenset(one for currency in _CALLED for one in names(currency))


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
