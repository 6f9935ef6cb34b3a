"""Flat: every unit costs the same, or the same within each time of use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.rating.measure import Measure, used, used_by_time
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Price


@dataclass(frozen=True, slots=True)
class Flat:
    """One price a unit."""

    price: Price

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """One line: units times price."""
        units = used(sheet, measure)
        return [Part(units.times(self.price.minor), self.price.text, units, measure.unit)]


@dataclass(frozen=True, slots=True)
class FlatByTime:
    """A price a unit for each time of use, by its index."""

    prices: Mapping[int, Price]

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """One line per time of use that was used."""
        by_time = used_by_time(sheet, measure)
        names = sheet.terms.times.names if sheet.terms.times else ()
        return [
            Part(
                by_time[band].times(price.minor),
                price.text,
                by_time[band],
                measure.unit,
                present=by_time[band].nonzero(),
                time=names[band],
            )
            for band, price in self.prices.items()
        ]
