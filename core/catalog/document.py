"""The tariff document as it is written: what stands around its charges. `compile.py` gives it a meaning."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from core.catalog.charge_document import (
    Code,
    CommitmentDoc,
    DiscountDoc,
    Doc,
    EventDoc,
    FixedDoc,
    LimitDoc,
    PercentDoc,
    RoundingMode,
    TaxDoc,
    UsageDoc,
)
from core.catalog.numbers import Number


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
    """A country of the `holidays` package (or a part of it), further days, and days of it that are none here."""

    country: str | None = None
    subdivision: str | None = None
    days: list[date] = Field(default_factory=list)
    without: list[date] = Field(default_factory=list)


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
    name: dict[str, str] = Field(default_factory=dict)
    source: str | None = None
    zone: str = "UTC"
    rounding: RoundingDoc = RoundingDoc()
    times: list[TimeDoc] = Field(default_factory=list)
    holidays: HolidaysDoc | None = None
    destinations: dict[str, list[str]] = Field(default_factory=dict)
    allowances: list[AllowanceDoc] = Field(default_factory=list)
    fair_use: list[FairUseDoc] = Field(default_factory=list)
    sums: dict[Code, list[Code]] = Field(default_factory=dict)
    buy: BuyDoc | None = None
    charges: list[AnyCharge]


Document = dict[str, Any]
"""A tariff as YAML gives it, before any check."""
