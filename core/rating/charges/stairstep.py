"""Stairstep: one price for the whole use, whatever it is, by the step in which it ends."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.rating.blocks import Tier, Width, chosen
from core.rating.exact import ZERO, Exact
from core.rating.measure import Measure, used
from core.rating.model import Part
from core.rating.sheet import Worksheet


@dataclass(frozen=True, slots=True)
class Stairstep:
    """One price for the whole, by the block in which the use ends; nothing where nothing was used.

    A version that holds for a part of the period charges that part of its price.
    """

    tiers: tuple[Tier, ...]
    width: Width = field(default_factory=Width)

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """A line per step, present for those whose step it is."""
        units = used(sheet, measure)
        bounds = self.width.bounds(self.tiers, sheet, measure.charge)
        lines = []
        for number, (tier, mask) in enumerate(
            zip(self.tiers, chosen(units, bounds, sheet.everyone), strict=True), start=1
        ):
            amount = sheet.shared(Exact.constant(tier.price.minor)).where(mask & units.above(ZERO))
            lines.append(Part(amount, tier.price.text, units.where(mask), measure.unit, present=mask, block=number))
        return lines
