"""A charge for what a meter measured: the measure, and the model that prices it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from core.rating.measure import Measure
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Condition


class Model(Protocol):
    """A way to price a quantity: flat, graduated, volume and the others in this folder."""

    def parts(self, sheet: Worksheet, measure: Measure) -> Sequence[Part]:
        """The lines before rounding."""
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    """`credit` turns the amounts round: what the customer delivered is paid to her."""

    code: str
    measure: Measure
    model: Model
    when: Condition | None = None
    credit: bool = False
    kind: str = "usage"

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """The model's lines, as a credit where the tariff says so."""
        parts = self.model.parts(sheet, self.measure)
        if not self.credit:
            return parts
        return [replace(part, amount=part.amount.negative()) for part in parts]
