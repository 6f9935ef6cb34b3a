"""Blocks (steps, slabs, tiers) and how wide they are for each account: per period, month or day, per person, prorated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.rating.exact import ZERO, Exact, Mask
from core.rating.rounding import Mode, to_step
from core.rating.sheet import Worksheet
from core.rating.terms import Price


@dataclass(frozen=True, slots=True)
class Tier:
    """A block up to and including `up_to` units (None: without end), its price a unit, and a fee once it is reached.

    `by_time` are prices for times of use, by index; then `price` is not used.
    """

    up_to: Fraction | None
    price: Price
    fee: Price | None = None
    by_time: Mapping[int, Price] | None = None


@dataclass(frozen=True, slots=True)
class Width:
    """What the bounds are multiplied by. `per` is period, month or day; `step` rounds the bound half up to whole steps."""

    per: str = "period"
    scale_by: str | None = None
    prorate: bool = False
    step: Fraction | None = None

    def bounds(self, tiers: Sequence[Tier], sheet: Worksheet, charge: str, whole: bool = False) -> list[Exact]:
        """The upper end of each block but the last, for every account; `whole` even where a version has a part only."""
        factor = Exact.constant(1)
        if self.per == "day":
            factor = sheet.days
        elif self.per == "month":
            factor = Exact.constant(sheet.months)
        if self.prorate and self.per != "day":
            factor = factor.by(sheet.fraction)
        if not whole:
            factor = sheet.shared(factor)
        if self.scale_by is not None:
            factor = factor.by(sheet.attribute(self.scale_by, charge))
        ends = [factor.times(tier.up_to) for tier in tiers if tier.up_to is not None]
        if self.step is None:
            return ends
        return [to_step(end, self.step, Mode.HALF_UP) for end in ends]


def shares(units: Exact, bounds: Sequence[Exact]) -> list[Exact]:
    """How many of the units fall into each block; they sum to the units."""
    result, below = [], ZERO
    for bound in bounds:
        reached = units.at_most(bound)
        result.append(reached.minus(below))
        below = reached
    result.append(units.minus(below))
    return result


def chosen(units: Exact, bounds: Sequence[Exact], everyone: Mask) -> list[Mask]:
    """In which one block each account's units end; exactly one mask holds for each."""
    result, open_ = [], everyone
    for bound in bounds:
        beyond = units.above(bound)
        result.append(open_ & ~beyond)
        open_ = open_ & beyond
    result.append(open_)
    return result


def fee_of(sheet: Worksheet, tier: Tier, mask: Mask) -> Exact:
    """The tier's fee where it is reached; a version that holds for a part of the period charges that part."""
    if tier.fee is None:
        return ZERO
    return sheet.shared(Exact.constant(tier.fee.minor)).where(mask)
