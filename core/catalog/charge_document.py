"""The charges of a tariff document as they are written: what fields each kind has and what they may hold.

Unknown fields are refused, so that a slip of the pen never silently drops a price.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.catalog.numbers import Number

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Prices = Number | dict[str, Number]
Span = Literal["period", "month", "day"]
RoundingMode = Literal["half_up", "half_even", "up", "down"]
MOST_BLOCKS = 100


class Doc(BaseModel):
    """Strict and closed: no field beyond those named."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, defer_build=True)


class WhenDoc(Doc):
    """When a charge applies at all."""

    attribute: str | None = None
    equals: list[str | int] | str | int | None = Field(None, alias="is")
    first_purchase: bool = False
    months: list[int] | None = None


class TierDoc(Doc):
    """A block up to and including `up_to` units; the last has no end."""

    up_to: Number | None = None
    price: Prices
    fee: Number | None = None


class BlocksDoc(Doc):
    """How wide blocks are: per period, month or day; times an attribute; prorated; rounded to whole steps."""

    per: Span = "period"
    scale_by: str | None = None
    prorate: bool = False
    round: Number | None = None


class SelectDoc(Doc):
    """By what volume finds its block, if not by this use: the mean of earlier periods, or an attribute."""

    average_of: int | None = Field(None, ge=1, le=36)
    attribute: str | None = None


class SetDoc(Doc):
    """A block set and for whom: an attribute's value, or an average of earlier periods of at most so many units."""

    attribute: str | None = None
    equals: list[str | int] | str | int | None = Field(None, alias="is")
    average_of: int | None = Field(None, ge=1, le=36)
    at_most: Number | None = None
    model: str = "graduated"
    price: Number | None = None
    tiers: list[TierDoc] | None = None
    blocks: BlocksDoc | None = None


class ChargeDoc(Doc):
    """What every charge has."""

    code: Code
    name: dict[str, str] | None = None
    when: WhenDoc | None = None


class UsageDoc(ChargeDoc):
    """A charge for what a meter measured; which fields it takes depends on its model (`fields.py`)."""

    type: Literal["usage"]
    meter: Code
    unit: str
    model: str
    """One of `MODELS` in `compile_usage.py`."""
    price: Prices | None = None
    tiers: list[TierDoc] | None = None
    sets: list[SetDoc] | None = None
    select: SelectDoc | None = None
    blocks: BlocksDoc | None = None
    lines: Literal["blocks", "one"] | None = None
    during: list[str] | None = None
    free: Number | None = None
    size: Number | None = None
    percent: Number | None = None
    multiplier: Number | None = None
    fixed: Number | None = None
    free_events: int | None = Field(None, ge=1)
    free_value: Number | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    interval: Number | None = None
    per: Span | None = None
    prorate: bool | None = None
    year_days: Number | None = None
    credit: bool = False


class StepDoc(Doc):
    """Increments of an event from so many units on."""

    since: Number = Field("0", alias="from")
    increment: Number
    price: Prices
    per: Number | None = None


class RateDoc(Doc):
    """What events to some destinations cost."""

    to: list[str] | None = None
    connect: Prices | None = None
    steps: list[StepDoc]
    minimum: Number | None = None
    maximum: Number | None = None


class EventDoc(ChargeDoc):
    """A charge for calls, messages, sessions."""

    type: Literal["event"]
    meter: Code
    unit: str
    rates: list[RateDoc]
    round_each: Number | None = None


class FixedDoc(ChargeDoc):
    """A price per period, month or day."""

    type: Literal["fixed"]
    price: Number
    per: Span = "period"
    prorate: bool = False
    pay: Literal["advance", "arrears"] = "arrears"
    count_by: str | None = None
    year_days: Number | None = None
    first_purchase: bool = False


class PercentDoc(ChargeDoc):
    """A percentage of earlier lines."""

    type: Literal["percent"]
    percent: Number
    of: list[str] | Literal["*"]
    minimum: Number | None = None
    maximum: Number | None = None


class TaxDoc(ChargeDoc):
    """A tax on earlier lines; `inclusive` where the prices hold it already."""

    type: Literal["tax"]
    percent: Number
    of: list[str] | Literal["*"]
    inclusive: bool = False


class DiscountDoc(ChargeDoc):
    """A percentage of earlier lines, or an amount, off."""

    type: Literal["discount"]
    of: list[str] | Literal["*"]
    percent: Number | None = None
    amount: Number | None = None
    cap: Number | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class LimitDoc(ChargeDoc):
    """The least or the most that earlier lines come to."""

    type: Literal["minimum", "maximum"]
    amount: Number
    of: list[str] | Literal["*"] = "*"
    per: Span = "period"
    prorate: bool = False


class CommitmentDoc(ChargeDoc):
    """A sum promised over a term; `spent` is the account's attribute for what earlier bills came to."""

    type: Literal["commitment"]
    amount: Number
    of: list[str] | Literal["*"] = "*"
    spent: str
    ends: str
