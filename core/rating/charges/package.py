"""Package: a price for every started pack of units (data in bundles of 100 MB)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.rating.exact import Exact
from core.rating.measure import Measure, used
from core.rating.model import Part
from core.rating.rounding import Mode, to_whole
from core.rating.sheet import Worksheet
from core.rating.terms import Price


@dataclass(frozen=True, slots=True)
class Package:
    """`price` for each started `size` units. A pack started under an earlier version of the period goes on."""

    price: Price
    size: Fraction

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """One line; its quantity is the units, not the packs."""
        units, before = used(sheet, measure), sheet.before(measure.charge, "units")
        so_far = units.plus(before)
        packs = self._packs(so_far).minus(self._packs(before))
        counted = {"units": so_far}
        return [Part(packs.times(self.price.minor), self.price.text, units, measure.unit, counted=counted)]

    def _packs(self, units: Exact) -> Exact:
        return Exact.of(to_whole(units.times(1 / self.size), Mode.UP))
