"""Fixed: a price per period, month or day, in advance or in arrears, for the days the service was there or in full."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from core.rating.exact import Exact, Mask
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.spans import plus_months
from core.rating.terms import Condition, Price


@dataclass(frozen=True, slots=True)
class Fixed:
    """`count_by` multiplies by an attribute (connections, lamps); `year_days` makes a month that many days / 12.

    In advance, the bill charges the next period; the first bill also the time since the start, and the last one gives
    back what was paid for and not had. The charge of a first purchase is the first version's, and whole.
    """

    code: str
    price: Price
    per: str = "period"
    prorate: bool = False
    advance: bool = False
    count_by: str | None = None
    year_days: Fraction | None = None
    when: Condition | None = None
    kind: str = "fixed"

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line: how many periods, months or days, times the price."""
        spans = self._ahead(sheet) if self.advance else self._behind(sheet)
        if self.count_by is not None:
            spans = spans.by(sheet.attribute(self.count_by, self.code))
        shown = ~sheet.everyone if self.advance and not sheet.last else None
        return [Part(spans.times(self.price.minor), self.price.text, spans, self.per, present=shown)]

    def _behind(self, sheet: Worksheet) -> Exact:
        spans = whole_spans(sheet, self.per, self.prorate, self.year_days)
        first_purchase = self.when is not None and self.when.first_purchase
        return spans if first_purchase else sheet.shared(spans)

    def _ahead(self, sheet: Worksheet) -> Exact:
        if not sheet.last:
            return sheet.nothing()
        whole = _whole(sheet, self.per, self.year_days)
        here = sheet.fraction if self.prorate or self.per == "day" else Exact.constant(1)
        result = Exact.constant(self._next(sheet, whole))
        if sheet.batch.closing is not None:
            result = result.where(~sheet.batch.closing)
            unused = here.minus(Exact.constant(1)).times(whole)
            result = result.plus(unused.where(sheet.batch.closing & ~_opening(sheet)))
        if sheet.batch.opening is not None:
            result = result.plus(here.times(whole).where(sheet.batch.opening))
        return result

    def _next(self, sheet: Worksheet, whole: Fraction) -> Fraction:
        """The span of the period after this one."""
        if self.per != "day" and self.year_days is None:
            return whole
        start = sheet.batch.period_to
        days = (plus_months(start, ceil(sheet.months)) - start).days
        return Fraction(days) if self.year_days is None or self.per == "day" else days * 12 / self.year_days


def _opening(sheet: Worksheet) -> Mask:
    return ~sheet.everyone if sheet.batch.opening is None else sheet.batch.opening


def _whole(sheet: Worksheet, per: str, year_days: Fraction | None) -> Fraction:
    days = (sheet.batch.period_to - sheet.batch.period_from).days
    if per == "day":
        return Fraction(days)
    if per == "month":
        return sheet.months if year_days is None else days * 12 / year_days
    return Fraction(1)


def whole_spans(sheet: Worksheet, per: str, prorate: bool, year_days: Fraction | None) -> Exact:
    """How many periods, months or days each service was there; unprorated months are whole ones."""
    whole = _whole(sheet, per, year_days)
    if per == "day" or prorate:
        return sheet.fraction.times(whole)
    return Exact.constant(ceil(whole) if year_days is None else whole)


def spans_of(sheet: Worksheet, per: str, prorate: bool, year_days: Fraction | None) -> Exact:
    """The same, of which a version that holds for a part of the period has its share."""
    return sheet.shared(whole_spans(sheet, per, prorate, year_days))
