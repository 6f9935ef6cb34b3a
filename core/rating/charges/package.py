"""Package: a price for every started pack of units (data in bundles of 100 MB)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.rating.exact import Exact
from core.rating.measure import Measure, used
from core.rating.model import Part
from core.rating.rounding import Mode, to_whole
from core.rating.sheet import Sheet
from core.rating.tariff import Price


@dataclass(frozen=True, slots=True)
class Package:
    """`price` for each started `size` units."""

    price: Price
    size: Fraction

    def parts(self, sheet: Sheet, measure: Measure) -> Sequence[Part]:
        """One line; its quantity is the units, not the packs."""
        units = used(sheet, measure)
        packs = Exact.of(to_whole(units.times(1 / self.size), Mode.UP))
        return [Part(packs.times(self.price.minor), self.price.text, units, measure.unit)]
