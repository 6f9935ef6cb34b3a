"""The shapes of TMF654: buckets, reservations, and what a top-up, a reservation and a deduct ask for."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from core import money, numbers
from core.balances.model import is_money
from core.balances.words import amount_of
from gateway.admin.tmf.parts import Part, Period, Ref, Resource, plain_decimal
from gateway.admin.tmf.resource import bad


def _as_machines_write(value: object) -> object:
    """Digits and a point, as a text or a JSON number: `1e3`, `1_000` and `1,5` are no amounts."""
    if isinstance(value, str):
        numbers.machine(value, numbers.MICRO_DECIMALS)
    elif isinstance(value, Decimal) and value.is_finite() and int(value.as_tuple().exponent) > 0:
        raise ValueError("write it without an exponent")
    return value


class Quantity(BaseModel):
    """How much of what."""

    model_config = ConfigDict(frozen=True)
    amount: Annotated[Decimal, BeforeValidator(_as_machines_write), Field(ge=0, max_digits=24, decimal_places=6)]
    units: Annotated[str, Field(min_length=1, max_length=10)]


class Span(Part):
    """From when until when; without an end for ever."""

    start: datetime = Field(alias="startDateTime")
    end: datetime | None = Field(default=None, alias="endDateTime")


class Bucket(Resource):
    """What is left of one bundle, or of prepaid money."""

    name: str
    status: str
    usage: str = Field(alias="usageType")
    remaining: Quantity = Field(alias="remainingValue")
    reserved: Quantity = Field(alias="reservedValue")
    words: str = Field(alias="remainingValueName")
    shared: bool = Field(alias="isShared")
    valid: Span = Field(alias="validFor")
    account: Ref | None = Field(alias="partyAccount")
    product: list[Ref] | None = None
    parties: list[Ref] | None = Field(alias="relatedParty")


class Reservation(Resource):
    """What is held for a session."""

    amount: Quantity
    used: Quantity = Field(alias="usedValue")
    status: str
    requested: datetime = Field(alias="requestedDate")
    valid: Period = Field(alias="validFor")
    account: Ref | None = Field(alias="partyAccount")


class Impact(Part):
    """What an action drew from a bucket."""

    bucket: Ref
    amount: Quantity


class Action(Part):
    """What came of a top-up or a deduct."""

    type: str = Field(alias="@type")
    status: str
    confirmed: datetime = Field(alias="confirmationDate")
    bucket: Ref | None = None
    impacted: list[Impact] | None = Field(default=None, alias="impactedBucket")
    units: Quantity | None = Field(default=None, alias="unitsUsed")
    money: Quantity | None = Field(default=None, alias="moneyUsed")
    short: Quantity | None = Field(default=None, alias="unpaidValue")


class Named(BaseModel):
    """A pointer in a request: by id, or an account by its number in `name`."""

    id: Annotated[str | None, Field(max_length=40)] = None
    name: Annotated[str | None, Field(max_length=60)] = None


class Asked(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    amount: Quantity
    account: Annotated[Named | None, Field(alias="partyAccount")] = None
    bucket: Named | None = None
    product: list[Named] = Field(default=[], max_length=1)
    usage: Annotated[str | None, Field(alias="usageType", pattern=r"^[a-z][a-z_]{0,30}$")] = None


class Ends(BaseModel):
    """When it ends."""

    end: Annotated[datetime, Field(alias="endDateTime")]


class TopUp(Asked):
    """`bucket` is filled up; without one, prepaid money goes to the account's purse and anything else is a new bundle."""

    name: Annotated[str | None, Field(max_length=60)] = None
    valid: Annotated[Ends | None, Field(alias="validFor")] = None
    shared_with: Annotated[list[Named], Field(alias="sharedWith", max_length=50)] = []
    rollovers: Annotated[int, Field(ge=0, le=24)] = 0
    reason: Literal["payment", "gift"] = "payment"
    """Money only: `payment` was taken by your till and is reconciled with it; a `gift` is the house's."""


class Reserve(Asked):
    """Held for `seconds`, unless the session is over before."""

    seconds: Annotated[int, Field(ge=1, le=86_400)] = 900
    partial: bool = False
    """Whether less than asked for will do."""


class Deduct(Asked):
    """`reserveBalance` ends a reservation with what was used of it; else it is drawn at once."""

    hold: Annotated[Named | None, Field(alias="reserveBalance")] = None
    destination: Annotated[str | None, Field(max_length=40)] = None
    at: Annotated[datetime | None, Field(alias="requestedDate")] = None
    value: Quantity | None = None
    """The money that a use is about, for a tariff that takes a share of it."""
    reason: Annotated[str, Field(max_length=100)] = ""


class Unreserve(BaseModel):
    """Which reservation is let go."""

    model_config = ConfigDict(populate_by_name=True)
    hold: Annotated[Named, Field(alias="reserveBalance")]


def asked(quantity: Quantity) -> tuple[str, int]:
    """The unit as buckets count it, and the amount in minor or micro-units."""
    try:
        return amount_of(f"{quantity.amount:f}", quantity.units)
    except ValueError as why:
        raise bad(f"amount: {why}.") from None


def told(amount: int, unit: str) -> Quantity:
    value = money.decimal(amount, unit) if is_money(unit) else plain_decimal(amount)
    return Quantity.model_construct(amount=value, units=unit)
