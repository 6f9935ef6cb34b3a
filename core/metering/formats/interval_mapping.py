"""How a CSV of intervals differs from the columns we document: what its columns are called, how it stamps, in what it counts.

columns: {meter: Meter Serial Number, end: Read Date and End Time, kw: Read Value, register: Read Type}
registers: {"Active Import Interval (kW)": E1, "Active Export Interval (kW)": B1}
dates: dd-mm-yyyy HH:MM
minutes: 30
decimal: comma

`start` says that a stamp is the beginning of its interval, `end` that it is its end; the quantity's column is named by its unit, and
a unit of power (kW) is what was used on average, so the length of the intervals must be said.
"""

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.dates import DateLayout
from core.metering.units import MICRO, UNITS

POWER = {
    "w": ("kWh", 1_000), "kw": ("kWh", MICRO), "mw": ("kWh", 1_000 * MICRO), "var": ("kVArh", 1_000),
    "kvar": ("kVArh", MICRO), "mvar": ("kVArh", 1_000 * MICRO), "va": ("kVAh", 1_000), "kva": ("kVAh", MICRO),
}  # fmt: skip
"""Units of power -> (the meter's unit, micro-units of it in one for an hour)."""
OURS = frozenset({"meter", "start", "end", "register", "quality", *UNITS, *POWER})
FILLS = frozenset({"meter", "register", "quality", "minutes", "zone"})
_POWER = re.compile(r"(?<![a-z0-9])([km]?w|[km]?var|k?va)(?![a-z0-9])", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
ENDS = frozenset({"end", "ends", "ending", "ended", "fin", "ende", "eind", "einde", "tot", "bis", "until"})
STARTS = frozenset({"start", "starts", "begin", "begins", "beginning", "from", "van", "von", "debut", "début"})


class Intervals(BaseModel):
    """The mapping of one source's files, or of one file that came by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = {}
    """Our column -> the file's."""
    fill: dict[str, str] = {}
    """Our column -> one value for all rows."""
    registers: dict[str, str] = {}
    """What the register's column says -> the register: what begins with B was fed in."""
    dates: str | None = None
    minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    decimal: Literal["comma", "point"] | None = None
    """How it writes decimals; none: digits and a point, as meters write."""
    zone: str | None = None
    """Of stamps without an offset; none: the operator's."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    skip: Annotated[int, Field(ge=0, le=100)] = 0
    """Lines before the names of the columns."""

    @field_validator("dates")
    @classmethod
    def _says_a_day(cls, text: str | None) -> str | None:
        DateLayout.of(text)
        return text

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, text: str | None) -> str | None:
        try:
            ZoneInfo(text or "UTC")
        except Exception:
            raise ValueError(f"{text!r} is no zone such as Europe/Dublin") from None
        return text

    @model_validator(mode="after")
    def _known_names(self) -> "Intervals":
        for name in self.columns:
            if name not in OURS:
                raise ValueError(
                    f"{name!r} is no column of usage: one of meter, start, end, register, quality, or a unit"
                )
        for name in self.fill:
            if name not in FILLS:
                raise ValueError(f"{name!r} cannot be filled: one of {', '.join(sorted(FILLS))}")
        if {"start", "end"} <= self.columns.keys():
            raise ValueError("a stamp is the start or the end of its interval: name one of the two")
        text = self.fill.get("minutes", "1")
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_440):
            raise ValueError(f"minutes: {text!r} is no length of an interval")
        return self

    @property
    def length(self) -> int | None:
        """How long an interval is, where that is said."""
        answer = self.fill.get("minutes")
        return int(answer) if answer else self.minutes

    def clock(self, context: ZoneInfo) -> ZoneInfo:
        """Whose clock stamps without an offset are of."""
        answer = self.fill.get("zone") or self.zone
        return ZoneInfo(answer) if answer else context


def says_power(text: str) -> str | None:
    """The unit of power that a text names, such as kW."""
    match = _POWER.search(text)
    return match[1] if match else None


def says_end(name: str) -> bool:
    """Whether a column's name says that its stamps are ends."""
    words = {word.lower() for word in _WORDS.findall(name)}
    return bool(words & ENDS) and not words & STARTS


def says_start(name: str) -> bool:
    """Whether it says that they are beginnings."""
    words = {word.lower() for word in _WORDS.findall(name)}
    return bool(words & STARTS) and not words & ENDS
