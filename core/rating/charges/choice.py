"""Block sets: which of several models prices a charge, by an attribute of the account or by an average of its earlier use."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from core.rating.charges.usage import Model
from core.rating.exact import Exact, Mask
from core.rating.measure import Measure
from core.rating.model import Part
from core.rating.sheet import Worksheet


@dataclass(frozen=True, slots=True)
class Case:
    """Holds for accounts whose `attribute` is one of `values`, or whose average use is `at_most`; else for everyone."""

    model: Model
    attribute: str | None = None
    values: frozenset[int] = frozenset()
    at_most: Fraction | None = None

    def holds(self, sheet: Worksheet, measure: Measure) -> Mask:
        """For which services this set is meant, before asking the sets above it."""
        mask = sheet.everyone
        if self.attribute is not None:
            known = sheet.attribute(self.attribute, measure.charge).values
            mask = mask & np.isin(known, sorted(self.values))
        if self.at_most is not None:
            mask = mask & ~sheet.average(measure.meter).above(Exact.constant(self.at_most))
        return mask


@dataclass(frozen=True, slots=True)
class Choice:
    """The first case that holds prices the account."""

    cases: tuple[Case, ...]

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """The lines of every case, each only for those it is meant for."""
        lines: list[Part] = []
        open_ = sheet.everyone
        for case in self.cases:
            mask = open_ & case.holds(sheet, measure)
            open_ = open_ & ~mask
            lines += [_only(part, mask) for part in case.model.parts(sheet, measure)]
        return lines


def _only(part: Part, mask: Mask) -> Part:
    present = mask if part.present is None else part.present & mask
    quantity = None if part.quantity is None else part.quantity.where(mask)
    return replace(part, amount=part.amount.where(mask), quantity=quantity, present=present)
