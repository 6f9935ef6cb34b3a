"""Events: calls, messages and sessions by destination, with a connect fee, increments, a minimum, and times of use.

A call is laid out in increments from its start; each increment costs what holds when it starts, so a call over a boundary
is split there. The connect fee is that of the time in which the call starts, and a call of no length has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.errors import CannotRate
from core.rating.exact import MICRO, ZERO, Column, Exact, Mask
from core.rating.measure import Measure, remaining
from core.rating.model import Events, Part
from core.rating.rounding import Mode, to_step
from core.rating.sheet import Worksheet
from core.rating.terms import Condition, Price
from core.rating.times import Clockface
from core.rating.walk import sums

SECONDS = {"s": 1, "min": 60, "h": 3600}
"""Units in which a meter counts time: only their events have a length and can cross a boundary."""
FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From `since` units on, each started `increment` units cost `price` per `per` units; by time of use, by its index."""

    since: Fraction
    increment: Fraction
    per: Fraction
    prices: Mapping[int, Price]


@dataclass(frozen=True, slots=True)
class EventRate:
    """What events to some destinations cost (None: to any). One key -1 in a mapping stands for every time of use."""

    name: str | None
    destinations: frozenset[int] | None
    connect: Mapping[int, Price]
    steps: tuple[PriceStep, ...]
    least: Price | None = None
    most: Price | None = None

    @property
    def by_time(self) -> bool:
        """Whether any price depends on the time."""
        return any(-1 not in prices for prices in (self.connect, *(step.prices for step in self.steps)))


@dataclass(frozen=True, slots=True)
class Event:
    """`each`: every event's price is rounded to this many minor units, by `mode`, before they are summed."""

    code: str
    measure: Measure
    rates: tuple[EventRate, ...]
    each: Fraction | None = None
    mode: Mode = Mode.HALF_UP
    when: Condition | None = None
    kind: str = "event"

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line per rate: the units charged, and what their events come to."""
        rows = sheet.rows(self.measure.meter)
        named = any(rate.destinations is not None for rate in self.rates)
        if named and rows.destination is None and rows.quantity.any():
            raise CannotRate(
                f"charge {self.code}", "its price depends on the destination", "give each row its `destination`"
            )
        open_ = np.ones(len(rows), dtype=np.bool_)
        covered = rows.quantity - remaining(sheet, self.measure)
        lines = []
        for rate in self.rates:
            mine = open_ & _goes_to(rate, rows)
            open_ &= ~mine
            events = rows.picked(mine)
            lines.append(self._line(sheet, rate, events, covered[mine]))
        return lines

    def _line(self, sheet: Worksheet, rate: EventRate, events: Events, covered: Column) -> Part:
        scale = SECONDS.get(self.measure.unit, 1)
        starts = np.concatenate(([0], np.cumsum(np.bincount(events.account, minlength=sheet.size))))
        laid = EventLayout(events.quantity * scale, covered * scale, events.at, self._face(sheet, rate, scale))
        counts = laid.increments(rate, scale, timed=self.measure.unit in SECONDS)
        amount, billed = ZERO, ZERO
        for (number, band), count in counts.items():
            step = rate.steps[number]
            units = Exact.of(count).times(step.increment)
            price = step.prices.get(-1) or step.prices[band]
            amount, billed = amount.plus(units.times(price.minor / step.per)), billed.plus(units)
        amount = self._bounded(rate, amount.plus(laid.connect(rate)), laid.quantity > laid.covered)
        shown = sums(starts, np.minimum(events.quantity, 1)) > 0
        return Part(
            _per_account(amount, starts),
            _text(rate.steps[0].prices),
            _per_account(billed, starts),
            self.measure.unit,
            present=shown,
            destination=rate.name,
        )

    def _face(self, sheet: Worksheet, rate: EventRate, scale: int) -> Clockface | None:
        if not rate.by_time:
            return None
        rows = sheet.rows(self.measure.meter)
        face = sheet.face(self.measure.meter, self.code)
        if rows.at is None or not len(rows) or sheet.terms.times is None:
            return face
        length = rows.quantity * scale // MICRO + 1 if self.measure.unit in SECONDS else 0
        return Clockface.over(sheet.terms.times, int(rows.at.min()), int((rows.at + length).max()))

    def _bounded(self, rate: EventRate, amount: Exact, charged: Mask) -> Exact:
        if rate.least is not None:
            amount = amount.at_least(Exact.constant(rate.least.minor).where(charged))
        if rate.most is not None:
            amount = amount.at_most(Exact.constant(rate.most.minor))
        return amount if self.each is None else to_step(amount, self.each, self.mode)


@dataclass(frozen=True, slots=True)
class EventLayout:
    """Events as stretches of micro-units (micro-seconds where they have a length), `covered` of each by allowances."""

    quantity: Column
    covered: Column
    at: Column | None
    face: Clockface | None

    def connect(self, rate: EventRate) -> Exact:
        """The connect fee of each event that is charged from its start."""
        starts = (self.quantity > 0) & (self.covered == 0)
        if -1 in rate.connect:
            return Exact.constant(rate.connect[-1].minor).where(starts)
        bands, fee = self._bands(), ZERO
        for band, price in rate.connect.items():
            fee = fee.plus(Exact.constant(price.minor).where(starts & (bands == band)))
        return fee

    def increments(self, rate: EventRate, scale: int, timed: bool) -> dict[tuple[int, int], Column]:
        """How many increments of each step each event has in each time of use."""
        counts: dict[tuple[int, int], Column] = {}
        ends = [*(step.since for step in rate.steps[1:]), None]
        micro = scale * MICRO
        for since, until, band, rows in self._stretches(rate.by_time, timed):
            for number, (step, end) in enumerate(zip(rate.steps, ends, strict=True)):
                first = int(step.since * micro)
                low = np.maximum(np.maximum(since, self.covered[rows]), first)
                high = np.minimum(until, FOREVER if end is None else int(end * micro))
                size = int(step.increment * micro)
                count = np.where(high > low, -((first - high) // size) + ((first - low) // size), 0)
                for each in np.unique(band):
                    key = (number, int(each))
                    counts.setdefault(key, np.zeros(len(self.quantity), dtype=np.int64))
                    counts[key][rows] += np.where(band == each, count, 0)
        return counts

    def _bands(self) -> Column:
        if self.face is None or self.at is None:
            return np.zeros(len(self.quantity), dtype=np.int8)
        return self.face.bands_at(self.at)

    def _stretches(self, by_time: bool, timed: bool) -> list[tuple[Column, Column, Column, Column]]:
        """The events cut at the boundaries: where each piece starts and ends, its time of use, and its event."""
        rows = np.arange(len(self.quantity))
        since = np.zeros(len(rows), dtype=np.int64)
        if not by_time or not timed or self.face is None or self.at is None:
            return [(since, self.quantity, self._bands(), rows)]
        pieces, ends = [], self.face.ends()
        while len(rows):
            slots = (self.at[rows] + since // MICRO - self.face.origin) // self.face.seconds
            until = np.minimum(self.quantity[rows], (ends[slots] - self.at[rows]) * MICRO)
            pieces.append((since, until, self.face.bands[slots], rows))
            more = until < self.quantity[rows]
            rows, since = rows[more], until[more]
        return pieces


def _goes_to(rate: EventRate, rows: Events) -> Mask:
    if rate.destinations is None or rows.destination is None:
        return np.full(len(rows), rate.destinations is None, dtype=np.bool_)
    return np.isin(rows.destination, sorted(rate.destinations))


def _per_account(column: Exact, starts: Column) -> Exact:
    column = column.spread(int(starts[-1]))
    return Exact.of(sums(starts, column.values), column.den)


def _text(prices: Mapping[int, Price]) -> str:
    return " / ".join(price.text for price in prices.values())
