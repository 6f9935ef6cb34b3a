"""Demand: the highest power of the period, measured as the fullest interval, or read from a demand register.

Where a new version of the tariff cuts the period, each version prices the highest of its own days for its share of them; a
register that was read once holds for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rating.charges.fixed import spans_of
from core.rating.errors import CannotRate
from core.rating.exact import MICRO, Exact
from core.rating.measure import Measure, remaining, within
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Price


@dataclass(frozen=True, slots=True)
class Demand:
    """`interval` minutes a reading spans (None: the meter gives power itself). At least `minimum` units are charged."""

    price: Price
    interval: Fraction | None = None
    minimum: Fraction = Fraction(0)
    per: str = "period"
    prorate: bool = False
    year_days: Fraction | None = None

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """One line: the highest power, times the price, times the months."""
        peak = self._peak(sheet, measure).minus(Exact.constant(measure.free)).at_least(Exact.constant(self.minimum))
        spans = spans_of(sheet, self.per, self.prorate, self.year_days)
        return [Part(peak.by(spans).times(self.price.minor), self.price.text, peak, measure.unit)]

    def _peak(self, sheet: Worksheet, measure: Measure) -> Exact:
        rows = sheet.rows(measure.meter)
        if self.interval and rows.at is None and rows.quantity.any():
            wrong = f"it is the fullest interval of {self.interval} minutes, and there is only a total"
            raise CannotRate(f"charge {measure.charge}", wrong, "give each interval as a row with its `at`")
        quantity = within(sheet, measure, remaining(sheet, measure))
        starts = sheet.starts(measure.meter)
        there = starts[1:] > starts[:-1]
        peak = np.zeros(sheet.size, dtype=quantity.dtype)
        if there.any():
            peak[there] = np.maximum.reduceat(quantity, starts[:-1][there])
        hours = Fraction(60) / self.interval if self.interval else Fraction(1)
        return Exact.of(peak, MICRO).times(hours)
