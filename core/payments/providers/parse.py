"""Reading what providers say: identifiers, amounts, texts and instants, each checked before it is believed. Pure.

Every function raises ValueError (or KeyError, TypeError) for what cannot be right; the adapter turns that into `NotUnderstood`.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from core import money

LARGEST = 2**53


def amount(value: object, currency: str) -> int:
    """Minor units of an amount in whole units, as text or as a JSON number; ValueError when it is no positive amount."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{type(value).__name__} is no amount")
    minor = money.parse(f"{value:f}" if isinstance(value, Decimal) else str(value), currency)
    if minor <= 0:
        raise ValueError("money that arrived is more than nothing")
    return minor


def units(value: object) -> int:
    """A positive whole number of a provider's smallest units."""
    if type(value) is not int or not 0 < value < LARGEST:
        raise ValueError("an amount is a positive whole number")
    return value


def short(value: object) -> str:
    """An identifier: 1-80 printable ASCII letters."""
    text = str(value)
    if not (isinstance(value, str | int) and 0 < len(text) <= 80 and text.isascii() and text.isprintable()):
        raise ValueError("an identifier was expected")
    return text


def maybe(value: object) -> str | None:
    """An identifier, or nothing."""
    return None if value in (None, "") else short(value)


def words(value: object, at_most: int = 140) -> str:
    """A text as both databases keep it, cut short."""
    return str(value or "").replace("\x00", "").encode("utf-8", "replace").decode()[:at_most]


def unix(seconds: object) -> datetime | None:
    """An instant of unix seconds."""
    known = type(seconds) is int and 0 <= seconds < 2**33
    return datetime.fromtimestamp(seconds, UTC) if known and isinstance(seconds, int) else None


def iso(text: object) -> datetime | None:
    """An instant of an ISO 8601 text with a zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def card(brand: object, last4: object) -> str:
    """What the owner of a card recognises: `visa ****4081`."""
    digits = str(last4 or "")
    shown = digits if len(digits) == 4 and digits.isascii() and digits.isdigit() else ""
    return f"{words(brand, 20).strip().lower() or 'card'} ****{shown}"


def month_end(year: object, month: object) -> date | None:
    """The last day of a month, which is a card's last day; `30` is 2030. None where a card says no such month."""
    try:
        full, number = int(str(year)), int(str(month))
        return date(full + 2000 * (full < 100), number, monthrange(full + 2000 * (full < 100), number)[1])
    except ValueError:
        return None


def to_units(minor: int, currency: str, decimals: Mapping[str, int]) -> int:
    """Minor units as the provider counts them, where it counts a currency with other decimals than the world does."""
    step = decimals.get(currency, money.exponent(currency)) - money.exponent(currency)
    scaled = minor * 10**step if step >= 0 else minor // 10**-step
    if step < 0 and minor % 10**-step:
        raise ValueError(f"{minor} {currency} cannot be said to this provider")
    return int(scaled)


def from_units(value: int, currency: str, decimals: Mapping[str, int]) -> int:
    """The other way round; ValueError when we have no unit so small."""
    step = decimals.get(currency, money.exponent(currency)) - money.exponent(currency)
    if step > 0 and value % 10**step:
        raise ValueError(f"{value} of the provider's units of {currency} is no amount of ours")
    return int(value // 10**step if step > 0 else value * 10**-step)
