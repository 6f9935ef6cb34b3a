"""Volume: all units at the price of one block, found by this use, by an average of earlier periods, or by an attribute.

The Kenyan domestic tariff finds the block by the average of the last three months.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.rating.blocks import Tier, Width, chosen, fee_of
from core.rating.exact import ZERO, Exact
from core.rating.measure import Measure, used
from core.rating.model import Part
from core.rating.sheet import Worksheet


@dataclass(frozen=True, slots=True)
class Volume:
    """`average`: the block is found by the mean of earlier periods; `attribute`: by what is known of the account."""

    tiers: tuple[Tier, ...]
    average: bool = False
    attribute: str | None = None
    width: Width = field(default_factory=Width)

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """A line per block, present for those whose block it is."""
        units = used(sheet, measure)
        known = self.average or self.attribute is not None
        bounds = self.width.bounds(self.tiers, sheet, measure.charge, whole=known)
        lines = []
        for number, (tier, mask) in enumerate(
            zip(self.tiers, chosen(self._measure(sheet, measure, units), bounds, sheet.everyone), strict=True), start=1
        ):
            inside = units.where(mask)
            fee = fee_of(sheet, tier, mask & units.above(ZERO))
            amount = inside.times(tier.price.minor).plus(fee)
            lines.append(Part(amount, tier.price.text, inside, measure.unit, present=mask, block=number))
        return lines

    def _measure(self, sheet: Worksheet, measure: Measure, units: Exact) -> Exact:
        if self.average:
            return sheet.average(measure.meter)
        if self.attribute is not None:
            return sheet.attribute(self.attribute, measure.charge)
        return units
