"""What goes into rating and what comes out: columns over many services of one tariff and one period.

Quantities are int64 micro-units (1 kWh = 1,000,000), money is in minor units, instants of events are local seconds since
1970-01-01 00:00 of the tariff's own zone, so that rating needs neither zone data nor a clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from core.rating.exact import Column, Exact, Mask

Pair = tuple[Column, Column]


@dataclass(frozen=True, slots=True)
class Events:
    """Intervals, calls, messages or sessions, sorted by account and then by time.

    `owner` less `shift` is the index of the service in the batch; `at` the local second of the start; `quantity`
    micro-units (for a meter counted in time also its length); `destination` indexes the destinations of the version of the
    tariff in which the event starts; `value` is money, minor units.
    """

    owner: Column
    at: Column | None
    quantity: Column
    destination: Column | None = None
    value: Column | None = None
    shift: int = 0

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def account(self) -> Column:
        """The index of each event's service."""
        return self.owner - self.shift if self.shift else self.owner

    def picked(self, rows: slice | Column | Mask, shift: int = 0) -> "Events":
        """Some of the rows, their accounts counted from `shift`."""
        return Events(
            self.owner[rows],
            None if self.at is None else self.at[rows],
            self.quantity[rows],
            None if self.destination is None else self.destination[rows],
            None if self.value is None else self.value[rows],
            self.shift + shift,
        )


@dataclass(frozen=True, slots=True)
class Carried:
    """Units of an allowance left from earlier periods: micro-units per service, usable before the local second `until`."""

    units: Column
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """One version's piece of a period that a new version of the tariff cuts (`versions.py`).

    `share`: each service's days under this version, of all its days. `first`, `last`: which piece this is; `later` the
    charges that a later version of the period has too. `counted`: what earlier versions' charges have counted so far and
    what goes on counting here (packs, free events, money towards a minimum), by charge and thing.
    """

    share: Pair
    first: bool
    last: bool
    later: frozenset[str] = frozenset()
    counted: Mapping[tuple[str, str], Exact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """`size` services of one tariff in one period [period_from, period_to).

    `quantity[meter]`: totals; where absent they are the sum of `events[meter]`. `history[meter]`: (sum, how many) of the
    earlier periods that the tariff asks for. `fraction`: (numerators, denominators) of the period in which each service
    was there; None is all of it. `opening`/`closing`: whose first or last bill this is (charges in advance need it).
    `began`: how many days of the period each service was not there at first (None: told by `opening` and `closing`).
    `pool`: services with the same number share the shared allowances. `cut`: set where this is a piece of a period only.
    """

    size: int
    period_from: date
    period_to: date
    quantity: Mapping[str, Column] = field(default_factory=dict)
    attributes: Mapping[str, Column] = field(default_factory=dict)
    history: Mapping[str, Pair] = field(default_factory=dict)
    fraction: Pair | None = None
    events: Mapping[str, Events] = field(default_factory=dict)
    carried: Mapping[str, tuple[Carried, ...]] = field(default_factory=dict)
    pool: Column | None = None
    opening: Mask | None = None
    closing: Mask | None = None
    began: Column | None = None
    cut: Cut | None = None

    def part(self, low: int, high: int) -> "Batch":
        """The services `low` up to `high`, as views where possible."""
        here = slice(low, high)
        return Batch(
            high - low,
            self.period_from,
            self.period_to,
            {name: column[here] for name, column in self.quantity.items()},
            {name: column[here] for name, column in self.attributes.items()},
            {name: (sums[here], counts[here]) for name, (sums, counts) in self.history.items()},
            None if self.fraction is None else (self.fraction[0][here], self.fraction[1][here]),
            {name: _rows(events, low, high) for name, events in self.events.items()},
            {code: tuple(Carried(c.units[here], c.until) for c in old) for code, old in self.carried.items()},
            None if self.pool is None else self.pool[here],
            None if self.opening is None else self.opening[here],
            None if self.closing is None else self.closing[here],
            None if self.began is None else self.began[here],
        )


def _rows(events: Events, low: int, high: int) -> Events:
    first, last = np.searchsorted(events.owner, [low + events.shift, high + events.shift])
    return events.picked(slice(int(first), int(last)), low)


@dataclass(frozen=True, slots=True)
class Part:
    """What one charge says before rounding: an exact amount in minor units, and what it was reckoned from.

    `counted` is what goes on counting where a later version takes over in the same period (`Cut`).
    """

    amount: Exact
    price: str = ""
    quantity: Exact | None = None
    unit: str = ""
    present: Mask | None = None
    block: int | None = None
    time: str | None = None
    destination: str | None = None
    base: Exact | None = None
    counted: Mapping[str, Exact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill for every service: `amount` int64 minor units, `quantity` int64 micro-units of `unit`.

    `present` says whose bill shows the line (its amount is 0 elsewhere). `price` is text as in the tariff ("16.54", "5 %").
    A graduated charge makes one line per block, all of one code. `exact` is the amount over its denominator, which
    differs from `amount` only where the tariff leaves lines unrounded. `base` is what a percentage was taken of. `since`
    and `until` are set where the tariff changed within the period: the line is for those days. `parts` are what of the line
    falls to which charges, where these are taxed differently.
    """

    code: str
    kind: str
    amount: Column
    present: Mask
    exact: Exact
    price: str = ""
    quantity: Column | None = None
    unit: str = ""
    block: int | None = None
    time: str | None = None
    destination: str | None = None
    base: Exact | None = None
    since: date | None = None
    until: date | None = None
    parts: tuple[tuple[tuple[str, ...], Exact], ...] = ()


@dataclass(frozen=True, slots=True)
class Rated:
    """The lines in bill order, their `total` (int64 minor units, equal to the sum of the amounts), and what is left over.

    `refused` names the services that could not be rated and why; their amounts are 0. `left[allowance]` the buckets
    of units not used (`allowances.rolled_over` says what of it the next period may use); `service[name]` the index of the fair-use step that applies.
    """

    size: int
    currency: str
    lines: tuple[Line, ...]
    total: Column
    exact_total: Exact
    refused: Mapping[int, str] = field(default_factory=dict)
    left: Mapping[str, tuple[Carried, ...]] = field(default_factory=dict)
    service: Mapping[str, Column] = field(default_factory=dict)

    def unused(self, allowance: str) -> Column:
        """Micro-units of an allowance that each service has left."""
        return np.asarray(sum(bucket.units for bucket in self.left[allowance]))
