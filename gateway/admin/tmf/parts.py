"""The small shapes that TM Forum resources share: a reference, money, a period, and how texts of a query become values."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core import money
from core.clock import start_of
from core.context import App

LARGEST_ID = 2**63 - 1


def _writable(text: str) -> str:
    """Text that both databases can hold: no control characters but line ends and tabs, no half characters."""
    if any(ord(letter) < 32 and letter not in "\n\r\t" for letter in text) or not text.strip():
        raise ValueError("it must have words, and no control characters")
    text.encode()
    return text.strip()


Words = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_writable)]
"""What a person wrote."""


class Part(BaseModel):
    """A JSON object; what is None is left out."""

    model_config = ConfigDict(populate_by_name=True, frozen=True)


class Money(Part):
    """An amount: `{"unit": "KES", "value": 123.45}`, exact."""

    unit: str
    value: Decimal


class Ref(Part):
    """A pointer to another resource."""

    id: str
    href: str | None = None
    name: str | None = None
    role: str | None = None
    kind: str | None = Field(default=None, alias="@referredType")


class Period(Part):
    """Half-open: from the start, up to but without the end."""

    start: datetime = Field(alias="startDateTime")
    end: datetime = Field(alias="endDateTime")


class Resource(Part):
    """What every resource has."""

    id: str
    href: str
    type: str = Field(alias="@type")


def amount(minor: int, currency: str) -> Money:
    """Minor units as exact decimals."""
    return Money(unit=currency, value=money.decimal(minor, currency))


def plain_decimal(micro: int) -> Decimal:
    """Micro-units as a number without a useless tail, and never with an exponent."""
    return Decimal(f"{Decimal(micro).scaleb(-6).normalize():f}")


def opening(day: date, app: App) -> datetime:
    """The instant at which a day begins for this operator."""
    return start_of(day, app.zone)


def party_ref(row_id: int | None, name: str | None) -> list[Ref] | None:
    """The customer of a row, if it has one."""
    return [Ref(id=str(row_id), name=name, role="customer", kind="Individual")] if row_id else None


def account_ref(account_id: int | None, number: str | None) -> Ref | None:
    """The billing account of a row, if it has one."""
    return Ref(id=str(account_id), name=number, kind="BillingAccount") if account_id else None


Parse = Callable[[str, App], object]
"""A text of a query as a value; ValueError says what is wrong."""


def a_text(text: str, _house: App) -> str:
    """As it stands."""
    return text


def an_id(text: str, _house: App) -> int:
    """Digits, within 64 bits."""
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > LARGEST_ID:
        raise ValueError("an id is a number")
    return int(text)


def an_instant(text: str, app: App) -> datetime:
    """An ISO instant or day; what names no zone is meant in the operator's."""
    try:
        match = datetime.fromisoformat(text.strip().replace(" ", "+"))
        return (match if match.tzinfo else match.replace(tzinfo=app.zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("write an instant such as 2026-03-01T00:00:00Z") from None


def a_day(text: str, _house: App) -> date:
    """An ISO day, or the day of an ISO instant."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError("write a day such as 2026-03-01") from None
