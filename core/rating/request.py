"""A question about one account, and its answer: plain values, exact numbers.

Amounts of an answer are exact minor units (a `Fraction` where the tariff leaves lines unrounded), quantities exact units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Row:
    """Usage of a meter: micro-units, and where known the local second of its start, its destination's index, its value.

    `destination` counts in the version of the tariff in which the row starts. `moment` is the true second of the start,
    which puts rows in order where the clock is set back; without it `at` does.
    """

    meter: str
    quantity: int
    at: int | None = None
    destination: int | None = None
    value: int | None = None
    moment: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What is asked: one account in one period. `history[meter]` holds the totals of earlier periods, the latest last.

    `buy` is an amount in minor units instead of usage. `carried[allowance]` are micro-units left from earlier periods. `began`: how
    many days of the period the service was not there at first (None: told by `opening` and `closing`).
    """

    period_from: date
    period_to: date
    rows: tuple[Row, ...] = ()
    billed: tuple[Row, ...] = ()
    history: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    attributes: Mapping[str, int] = field(default_factory=dict)
    carried: Mapping[str, tuple[tuple[int, int | None], ...]] = field(default_factory=dict)
    fraction: Fraction | None = None
    opening: bool = False
    closing: bool = False
    buy: int | None = None
    began: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line: exact quantity in units (None where there is none) and exact amount in minor units; `parts` as on the bill's line.

    `rest`: what of the amount was paid for less than a step of units (`buy`).
    """

    code: str
    kind: str
    amount: Fraction
    quantity: Fraction | None = None
    unit: str = ""
    price: str = ""
    block: int | None = None
    time: str | None = None
    destination: str | None = None
    base: Fraction | None = None
    since: date | None = None
    until: date | None = None
    parts: tuple[tuple[tuple[str, ...], Fraction], ...] = ()
    rest: Fraction | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two lines of two quotes the same line."""
        return self.code, self.block, self.time, self.destination, self.price, self.since


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer: lines in bill order and their total in minor units; bought units; allowances left; fair use.

    `carry[allowance]` is what the next period may use of what is left: (micro-units, usable before this local second).
    """

    tariff: str
    currency: str
    lines: tuple[QuoteLine, ...]
    total: Fraction
    units: Fraction | None = None
    left: Mapping[str, Fraction] = field(default_factory=dict)
    service: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    carry: Mapping[str, tuple[tuple[int, int | None], ...]] = field(default_factory=dict)
