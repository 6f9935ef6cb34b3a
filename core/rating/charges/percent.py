"""Percent charges and taxes on earlier lines, a tax on a tax included: each names the lines it is taken of."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.rating.exact import Exact
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Condition, Price


@dataclass(frozen=True, slots=True)
class Percent:
    """`percent` of the sum of the lines `of`, kept between `least` and `most` where given."""

    code: str
    kind: str
    text: str
    percent: Fraction
    of: tuple[str, ...]
    least: Price | None = None
    most: Price | None = None
    when: Condition | None = None

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line."""
        base = sheet.base(self.of)
        amount = base.times(self.percent / 100)
        if self.least is not None:
            amount = amount.at_least(sheet.shared(Exact.constant(self.least.minor)))
        if self.most is not None:
            amount = amount.at_most(sheet.shared(Exact.constant(self.most.minor)))
        return [Part(amount, f"{self.text} %", base=base)]
