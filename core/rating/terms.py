"""What a tariff says beside its charges: prices, conditions, destinations, allowances, fair use, and how an amount buys units.

Charges look these up on the sheet while they price (`sheet.py`); `tariff.py` puts them and the charges together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from core.rating.rounding import Mode, Rounding
from core.rating.shares import Shared
from core.rating.times import Times


@dataclass(frozen=True, slots=True)
class Price:
    """A price as the tariff writes it, and as an exact number of minor units."""

    text: str
    minor: Fraction


@dataclass(frozen=True, slots=True)
class Condition:
    """When a charge applies at all: an attribute with one of some values, the first purchase, or some months."""

    attribute: str | None = None
    values: frozenset[int] = frozenset()
    first_purchase: bool = False
    months: frozenset[int] = frozenset()


LONGEST_NUMBER = 40
"""Digits of a number that are looked at; no prefix is longer."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Named groups of number prefixes; the longest prefix that fits wins."""

    names: tuple[str, ...]
    prefixes: Mapping[str, int]

    def code(self, number: str) -> int:
        """Index of the group of a number, or -1."""
        digits = number.strip().lstrip("+")[:LONGEST_NUMBER]
        for length in range(len(digits), -1, -1):
            if digits[:length] in self.prefixes:
                return self.prefixes[digits[:length]]
        return -1


@dataclass(frozen=True, slots=True)
class Allowance:
    """Units included in the period, taken in time order before the charges it covers are reckoned.

    Allowances are used in the tariff's order, each with what was carried over first. `step` rounds what one event takes
    up (a call by the minute). `shared` units are granted once to each pool of services.
    """

    code: str
    meter: str
    unit: str
    units: Fraction
    charges: frozenset[str]
    during: frozenset[int] | None = None
    destinations: frozenset[int] | None = None
    shared: bool = False
    scale_by: str | None = None
    prorate: bool = False
    step: Fraction | None = None
    rollover_periods: int = 0
    rollover_cap: Fraction | None = None


@dataclass(frozen=True, slots=True)
class FairUse:
    """A service that changes with use, at no price: `steps[i]` is what holds above `bounds[i - 1]` units."""

    code: str
    meter: str
    bounds: tuple[Fraction, ...]
    steps: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Buy:
    """How an amount becomes units: the meter, the token's step and its rounding, and what taxes are taken of."""

    meter: str
    step: Fraction
    mode: Mode
    gross: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything of one version of a tariff but its charges. `meters` are its meters and units; `history` how many periods each needs;
    `registers` are meters that give the highest power themselves: of several readings the highest counts, not the sum.

    `zone` is the clock its times of use are read on; `labels` gives the numbers of attribute values that are words; `shared` the lines
    that discounts and limits are on (`shares.py`).
    """

    code: str
    currency: str
    exponent: int
    valid_from: date
    valid_to: date | None
    names: Mapping[str, str]
    zone: str
    rounding: Rounding
    meters: Mapping[str, str]
    history: Mapping[str, int] = field(default_factory=dict)
    registers: frozenset[str] = frozenset()
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Registers of a meter that are one quantity here: of `energy` energy_day and energy_night."""
    allowances: tuple[Allowance, ...] = ()
    times: Times | None = None
    destinations: Destinations | None = None
    fair_use: tuple[FairUse, ...] = ()
    buy: Buy | None = None
    labels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    charge_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shared: Mapping[str, Shared] = field(default_factory=dict)
