"""Percentage of a value: a share of each transaction's money, a fixed part, some free, kept between least and most.

With a percentage above 100 it is cost plus: what was paid for the customer, times a multiplier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.errors import CannotRate
from core.rating.exact import ZERO, Column, Exact
from core.rating.measure import Measure
from core.rating.model import Part
from core.rating.sheet import Sheet
from core.rating.tariff import Price
from core.rating.walk import running_before, starts_of, sums


@dataclass(frozen=True, slots=True)
class Percentage:
    """`free_events` first transactions, or the first `free_value` of money, cost nothing."""

    percent: Fraction
    text: str
    fixed: Fraction = Fraction(0)
    free_events: int = 0
    free_value: Fraction = Fraction(0)
    least: Price | None = None
    most: Price | None = None

    def parts(self, sheet: Sheet, measure: Measure) -> Sequence[Part]:
        """One line; its quantity is the number of transactions."""
        rows = sheet.rows(measure.meter)
        if len(rows) and rows.value is None:
            if rows.quantity.any():
                raise CannotRate(
                    f"charge {measure.charge}", "it is a percentage of a value", "give each usage row its `value`"
                )
            return [Part(sheet.nothing(), self.text, sheet.nothing(), measure.unit)]
        values = np.zeros(0, dtype=np.int64) if rows.value is None else rows.value
        each = self._each(rows.account, values, sheet.size)
        amount = Exact.of(sums(rows.account, each.values, sheet.size), each.den)
        count = Exact.of(np.bincount(rows.account, minlength=sheet.size))
        return [Part(amount, self.text, count, measure.unit)]

    def _each(self, account: Column, values: Column, size: int) -> Exact:
        """What each transaction costs."""
        if self.free_value:
            free = Exact.constant(self.free_value).minus(Exact.of(running_before(account, values, size))).at_least(ZERO)
            left = Exact.of(values).minus(free).at_least(ZERO)
        else:
            left = Exact.of(values)
        amount = left.times(self.percent / 100)
        if self.fixed:
            amount = amount.plus(Exact.constant(self.fixed).where(left.nonzero()))
        if self.least is not None:
            amount = amount.at_least(Exact.constant(self.least.minor))
        if self.most is not None:
            amount = amount.at_most(Exact.constant(self.most.minor))
        if self.free_events:
            order = np.arange(len(account)) - starts_of(account, size)[:-1][account]
            amount = amount.where(order >= self.free_events)
        return amount
