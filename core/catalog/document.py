"""The tariff document as it is written: what fields there are and what each may hold. `compile.py` gives it a meaning.

Unknown fields are refused, so that a slip of the pen never silently drops a price.
"""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.catalog.numbers import Number

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Prices = Number | dict[str, Number]
Span = Literal["period", "month", "day"]
RoundingMode = Literal["half_up", "half_even", "up", "down"]
MOST_BLOCKS = 100


class Doc(BaseModel):
    """Strict and closed: no field beyond those named."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class RoundingDoc(Doc):
    """Steps in money; `none` leaves lines, or the total, exact. The difference of the total is a line called `code`."""

    line: Number | Literal["none"] | None = None
    total: Number | Literal["none"] = "none"
    mode: RoundingMode = "half_up"
    total_mode: RoundingMode | None = None
    code: Code = "rounding"


class TimeDoc(Doc):
    """One rule of a time of use; the first rule that holds names the instant."""

    code: Code
    days: str | None = None
    since: str = Field("00:00", alias="from")
    until: str = Field("24:00", alias="to")
    months: list[int] | None = None
    holidays: Literal["include", "exclude", "only"] = "include"


class HolidaysDoc(Doc):
    """A country of the `holidays` package, and further days."""

    country: str | None = None
    subdivision: str | None = None
    days: list[date] = []


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
    model: Literal["flat", "graduated", "volume", "stairstep"] = "graduated"
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
    model: Literal[
        "flat", "graduated", "volume", "stairstep", "package", "percentage", "cost_plus", "demand", "sets"
    ]
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


class RolloverDoc(Doc):
    """How long unused units live on, and how many at most."""

    periods: int = Field(ge=1, le=36)
    cap: Number | None = None


class AllowanceDoc(Doc):
    """Units included in the period for some charges."""

    code: Code
    name: dict[str, str] | None = None
    meter: Code
    unit: str
    units: Number
    charges: list[str]
    during: list[str] | None = None
    to: list[str] | None = None
    shared: bool = False
    scale_by: str | None = None
    prorate: bool = False
    increment: Number | None = None
    rollover: RolloverDoc | None = None


class FairUseStepDoc(Doc):
    """What the service is once use is above so many units."""

    above: Number
    gives: dict[str, str] = Field(alias="set")


class FairUseDoc(Doc):
    """A service that changes with use, at no price."""

    code: Code
    meter: Code
    unit: str
    normal: dict[str, str]
    steps: list[FairUseStepDoc]


class BuyDoc(Doc):
    """How an amount becomes units."""

    meter: Code
    step: Number = "0.1"
    mode: RoundingMode = "half_up"
    taxes: Literal["net", "gross"] = "net"


AnyCharge = Annotated[
    UsageDoc | EventDoc | FixedDoc | PercentDoc | TaxDoc | DiscountDoc | LimitDoc | CommitmentDoc,
    Field(discriminator="type"),
]


class TariffDoc(Doc):
    """A tariff of one version."""

    tariff: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
    valid_from: date
    valid_to: date | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    name: dict[str, str] = {}
    source: str | None = None
    zone: str = "UTC"
    rounding: RoundingDoc = RoundingDoc()
    times: list[TimeDoc] = []
    holidays: HolidaysDoc | None = None
    destinations: dict[str, list[str]] = {}
    allowances: list[AllowanceDoc] = []
    fair_use: list[FairUseDoc] = []
    buy: BuyDoc | None = None
    charges: list[AnyCharge]


Document = dict[str, Any]
"""A tariff as YAML gives it, before any check."""
