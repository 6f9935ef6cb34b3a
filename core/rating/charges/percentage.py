"""Percentage of a value: a share of each transaction's money, a fixed part, some free, kept between least and most.

With a percentage above 100 it is cost plus: what was paid for the customer, times a multiplier. What is free is counted over
the whole period, in time order, also where a new version of the tariff cuts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.errors import CannotRate
from core.rating.exact import ZERO, Column, Exact
from core.rating.measure import Measure
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Price
from core.rating.walk import running_before, sums


@dataclass(frozen=True, slots=True)
class Percentage:
    """The first `free_events` transactions cost nothing, up to `free_value` of money where both are given.

    A transaction that is free as a whole has no fixed part and no least.
    """

    percent: Fraction
    text: str
    fixed: Fraction = Fraction(0)
    free_events: int = 0
    free_value: Fraction | None = None
    least: Price | None = None
    most: Price | None = None

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """One line; its quantity is the number of transactions."""
        rows = sheet.rows(measure.meter)
        if len(rows) and rows.value is None:
            if rows.quantity.any():
                raise CannotRate(
                    f"charge {measure.charge}", "it is a percentage of a value", "give each usage row its `value`"
                )
            return [Part(sheet.nothing(), self.text, sheet.nothing(), measure.unit)]
        values = np.zeros(0, dtype=np.int64) if rows.value is None else rows.value
        earlier = [sheet.before(measure.charge, what).spread(sheet.size).values for what in ("events", "value")]
        starts = sheet.starts(measure.meter) if rows.value is not None else np.zeros(sheet.size + 1, dtype=np.int64)
        each = self._each(starts, values, earlier[0], earlier[1])
        amount = Exact.of(sums(starts, each.values), each.den)
        count, value = np.diff(starts), sums(starts, values)
        counted = {"events": Exact.of(count + earlier[0]), "value": Exact.of(value + earlier[1])}
        return [Part(amount, self.text, Exact.of(count), measure.unit, base=Exact.of(value), counted=counted)]

    def _each(self, starts: Column, values: Column, events_before: Column, value_before: Column) -> Exact:
        """What each transaction costs."""
        left = self._left(starts, values, events_before, value_before)
        amount, charged = left.times(self.percent / 100), left.nonzero()
        if self.fixed:
            amount = amount.plus(Exact.constant(self.fixed).where(charged))
        if self.least is not None:
            amount = amount.at_least(Exact.constant(self.least.minor).where(charged))
        if self.most is not None:
            amount = amount.at_most(Exact.constant(self.most.minor))
        return amount

    def _left(self, starts: Column, values: Column, events_before: Column, value_before: Column) -> Exact:
        """What of each transaction's value is charged."""
        whole, counts = Exact.of(values), np.diff(starts)
        if not self.free_events and self.free_value is None:
            return whole
        free = whole
        if self.free_value is not None:
            before = Exact.of(running_before(starts, values) + np.repeat(value_before, counts))
            free = free.at_most(Exact.constant(self.free_value).minus(before).at_least(ZERO))
        if self.free_events:
            order = np.arange(len(values)) + np.repeat(events_before - starts[:-1], counts)
            free = free.where(order < self.free_events)
        return whole.minus(free)
