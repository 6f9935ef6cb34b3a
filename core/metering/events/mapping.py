"""How a source writes its events, as the operator tells us: which column is what, in which unit, clock and words.

fields:
  party: calling                # whose use it is: the number the line has with us
  at: {column: start, format: "%Y%m%d%H%M%S"}
  use: {column: type, values: {MOC: voice, SMSMO: sms, GPRS: data}}
  quantity: {voice: {column: duration, unit: s}, sms: 1, data: {column: bytes, unit: B}}
  destination: called
  record: call_id
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.metering.units import EVENT_UNITS


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stamp(_Part):
    """When it began: a column, and how it is written: a strptime format, `epoch`, or ISO 8601 where nothing is said."""

    column: str
    format: str | None = None


class Party(_Part):
    """Whose use it is; `phone` reads numbers as people of the operator's country write them."""

    column: str
    phone: bool = False


class UseMapping(_Part):
    """What was used: a column and what its texts mean."""

    column: str
    values: dict[str, str]


class Amount(_Part):
    """How much: a column of numbers, and their unit, or the column that names it."""

    column: str
    unit: str | None = None
    unit_column: str | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Amount":
        if (self.unit is None) == (self.unit_column is None):
            raise ValueError("say either `unit` or `unit_column`")
        if self.unit is not None and self.unit.lower() not in EVENT_UNITS:
            raise ValueError(f"{self.unit!r} is no unit we know: use one of {', '.join(EVENT_UNITS)}")
        return self


Quantity = Amount | Annotated[int, Field(ge=1, le=1_000)]
"""A column, or so many of it each (an SMS is one)."""


class FieldMapping(_Part):
    """Which column is what."""

    party: str | Party
    at: str | Stamp
    use: str | UseMapping
    quantity: Quantity | dict[str, Quantity]
    destination: str | None = None
    record: str | None = None
    """The source's own number of the record, where it has one."""
    value: str | None = None
    """An amount of money that the event is about, in the operator's currency."""


class Trailer(_Part):
    """The last row: what its first cell says, and the place (from 0) of the number of records."""

    first: str
    count: Annotated[int, Field(ge=1, le=100)]


class Mapping(_Part):
    """A CSV of events."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: tuple[str, ...] | None = None
    """The names of its columns where it has no head."""
    decimal: Literal["comma", "point"] | None = None
    """How it writes decimals; none: digits and a point, as switches write."""
    zone: str | None = None
    """The zone of stamps without an offset; none: the operator's."""
    only: dict[str, tuple[str, ...]] = {}
    """Rows that are usage: a column and the texts it must have one of. All others are counted as filtered."""
    fields: FieldMapping
    trailer: Trailer | None = None


Format = Literal["csv", "nem12", "nem13", "cdr"]
