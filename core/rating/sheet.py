"""The worksheet of one batch while it is being rated: what each charge may look up, and the lines so far.

Everything is worked out once and kept: the fraction of the period, the use by time, what allowances covered.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, TypeVar

import numpy as np

from core.rating.errors import CannotRate
from core.rating.exact import MICRO, ZERO, Column, Exact, Mask, total_of
from core.rating.model import Batch, Events, Pair
from core.rating.spans import months_of
from core.rating.terms import Condition, Terms
from core.rating.times import Clockface
from core.rating.walk import extent, starts_of, sums

Kept = TypeVar("Kept")


class Worksheet:
    """Look-ups over one batch; charges read it, only `rate` writes to it."""

    def __init__(self, terms: Terms, batch: Batch) -> None:
        self.terms, self.batch, self.size = terms, batch, batch.size
        self.lines: dict[str, Sequence[Exact]] = {}
        self.parts: dict[tuple[str, str], Exact] = {}
        self.counted: dict[tuple[str, str], Exact] = {}
        self._kept: dict[tuple[str, str], Any] = {}

    @cached_property
    def everyone(self) -> Mask:
        """A mask that holds for all."""
        return np.ones(self.size, dtype=np.bool_)

    @cached_property
    def fraction(self) -> Exact:
        """The part of the period in which each service was there."""
        if self.batch.fraction is None:
            return Exact.constant(1)
        return ratio(self.batch.fraction)

    @cached_property
    def share(self) -> Exact:
        """The part of each service's days that is under this version of the tariff."""
        return Exact.constant(1) if self.batch.cut is None else ratio(self.batch.cut.share)

    @cached_property
    def days(self) -> Exact:
        """Days of the whole period in which each service was there."""
        return self.fraction.times((self.batch.period_to - self.batch.period_from).days)

    def shared(self, column: Exact) -> Exact:
        """What falls to this version of the tariff of something that is for the whole period."""
        return column if self.batch.cut is None else column.by(self.share)

    @property
    def last(self) -> bool:
        """Whether no later version of the tariff follows within the period."""
        return self.batch.cut is None or self.batch.cut.last

    def goes_on(self, charge: str) -> bool:
        """Whether a later version of the tariff has this charge too, within the period."""
        return self.batch.cut is not None and charge in self.batch.cut.later

    def before(self, charge: str, what: str) -> Exact:
        """What the charge has counted in this period under earlier versions of the tariff."""
        return ZERO if self.batch.cut is None else self.batch.cut.counted.get((charge, what), ZERO)

    @cached_property
    def months(self) -> Fraction:
        """Months of the whole period."""
        return months_of(self.batch.period_from, self.batch.period_to)

    def attribute(self, name: str, charge: str) -> Exact:
        """A number known of each account, such as persons."""
        if name not in self.batch.attributes:
            raise CannotRate(f"charge {charge}", f"it needs the account's {name!r}", f"give {name} with the account")
        return Exact.of(self.batch.attributes[name])

    def applies(self, when: Condition | None, charge: str) -> Mask:
        """Which services a condition holds for."""
        if when is None:
            return self.everyone
        mask = self.everyone
        if when.months and self.batch.period_from.month not in when.months:
            return ~self.everyone
        if when.first_purchase and self.batch.cut is not None and not self.batch.cut.first:
            return ~self.everyone
        if when.first_purchase and "first_purchase" in self.batch.attributes:
            mask = mask & (self.batch.attributes["first_purchase"] != 0)
        if when.attribute is not None:
            values = self.attribute(when.attribute, charge).values
            mask = mask & np.isin(values, sorted(when.values))
        return mask

    def base(self, codes: Iterable[str], *, named: bool = False) -> Exact:
        """What the named lines come to, with the parts that fall to them of discounts and limits on them (`named`: of those named)."""
        if not self.terms.shared:
            return total_of(exact for code in codes for exact in self.lines.get(code, ()))
        wanted = frozenset(codes)
        own = [exact for code in codes if code not in self.terms.shared for exact in self.lines.get(code, ())]
        on = [code for code in self.terms.shared if code in self.lines and (code in wanted or not named)]
        return total_of([*own, *(exact for code in on for exact in self.held(code, wanted).values())])

    def held(self, code: str, wanted: frozenset[str]) -> dict[str, Exact]:
        """What a discount or limit takes of some lines: its part of each, or all of it (under its own code)."""
        shared = self.terms.shared[code]
        mine = [line for line in shared.lines if line in wanted]
        if shared.split and mine:
            return {line: self.parts[code, line] for line in mine}
        return {code: total_of(self.lines[code])} if mine or code in wanted else {}

    def on_line(self, line: str) -> Exact:
        """A line with what earlier discounts and limits took of it or put on it."""
        return self.base((line,))

    def rows(self, meter: str) -> Events:
        """The meter's events; where there are only totals, one event without a time for each service."""
        events = self.batch.events.get(meter)
        if events is not None:
            return events
        nothing = np.zeros(self.size, dtype=np.int64)
        return Events(np.arange(self.size), None, self.batch.quantity.get(meter, nothing))

    def starts(self, meter: str) -> Column:
        """Where each service's rows begin, and their number."""
        rows = self.rows(meter)
        starts = self.once(("starts", meter), lambda: starts_of(rows.owner, self.size, rows.shift))
        if starts is None:
            raise CannotRate(f"meter {meter}", "its events are not sorted by service", "sort them by service and time")
        return starts

    def face(self, meter: str, charge: str) -> Clockface:
        """The table of times that covers the meter's events."""
        events, times = self.rows(meter), self.terms.times
        if times is None or events.at is None:
            raise CannotRate(
                f"charge {charge}", f"it depends on the time of use of {meter!r}", "give each usage row its `at`"
            )
        at = events.at
        return self.once(("face", meter), lambda: Clockface.over(times, *extent(at)))

    def bands(self, meter: str, charge: str) -> Column:
        """The time of use of each of the meter's events."""
        face, at = self.face(meter, charge), self.rows(meter).at
        return self.once(("bands", meter), lambda: face.bands_at(np.zeros(0, dtype=np.int64) if at is None else at))

    def average(self, meter: str) -> Exact:
        """Mean use of the earlier periods that are known, this period's own where none is."""
        own = self.total(meter)
        if meter not in self.batch.history:
            return own
        earlier, counts = self.batch.history[meter]
        known = counts > 0
        den = lcm(*(int(count) for count in np.unique(counts[known])))
        mean = Exact.of(earlier * (den // np.where(known, counts, 1)), MICRO * den)
        return mean.where(known).plus(own.where(~known))

    def once(self, key: tuple[str, str], work: Callable[[], Kept]) -> Kept:
        """The result of some work, done the first time it is asked for."""
        if key not in self._kept:
            self._kept[key] = work()
        kept: Kept = self._kept[key]
        return kept

    def micro(self, meter: str) -> Column:
        """The meter's whole use in micro-units, before any allowance."""
        if meter in self.batch.quantity:
            return self.batch.quantity[meter]
        quantity, top = self.rows(meter).quantity, self.top(meter)
        return self.once(("micro", meter), lambda: sums(self.starts(meter), quantity, top))

    def walked(self, meter: str, whole: Column) -> None:
        """Note the whole use that a walk over the meter's events has found on its way."""
        self._kept["micro", meter] = whole

    def extent(self, meter: str) -> tuple[int, int]:
        """The least and the largest quantity of the meter's events."""
        return self.once(("extent", meter), lambda: extent(self.rows(meter).quantity))

    def top(self, meter: str) -> int:
        """The largest magnitude of a quantity of the meter's events."""
        least, most = self.extent(meter)
        return max(most, -least)

    def total(self, meter: str) -> Exact:
        """The meter's whole use in units, before any allowance."""
        return Exact.of(self.micro(meter), MICRO)

    def nothing(self) -> Exact:
        """A column of zeros."""
        return ZERO.spread(self.size)


def ratio(pair: Pair) -> Exact:
    """Numerators over denominators, account by account, as one column."""
    numerators, denominators = pair
    known = np.where(denominators == 0, 1, denominators)
    den = lcm(*(int(d) for d in np.unique(known)))
    return Exact.of(numerators * (den // known), den)
