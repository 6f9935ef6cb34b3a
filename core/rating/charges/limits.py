"""The least and the most that named lines may come to, and a commitment made good at the end of its term.

Where a new version of the tariff cuts the period, a limit and what counts towards it go on: each version settles what its
days change, so that a dear week makes up for a cheap one. A commitment is made good once, by the last version that has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.rating.charges.fixed import spans_of
from core.rating.exact import ZERO, Exact
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Condition, Price


@dataclass(frozen=True, slots=True)
class Limit:
    """`kind` minimum: a line for what the lines `of` lack; maximum: a negative line for what they are over."""

    code: str
    kind: str
    price: Price
    of: tuple[str, ...]
    per: str = "period"
    prorate: bool = False
    when: Condition | None = None

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line, shown where the limit bites."""
        limit = spans_of(sheet, self.per, self.prorate, None).times(self.price.minor)
        limit = limit.plus(sheet.before(self.code, "limit"))
        base = sheet.base(self.of).plus(sheet.before(self.code, "base"))
        lacking = limit.minus(base)
        settled = lacking.at_least(ZERO) if self.kind == "minimum" else lacking.at_most(ZERO)
        amount = settled.minus(sheet.before(self.code, "settled"))
        counted = {"limit": limit, "base": base, "settled": settled}
        present = amount.spread(sheet.size).nonzero()
        return [Part(amount, self.price.text, base=base, present=present, counted=counted)]


@dataclass(frozen=True, slots=True)
class Commitment:
    """A sum promised over a term: where it ends (`when`), what the lines `of` and `spent` before lack of it is charged.

    `spent` names the attribute that holds what earlier bills of the term came to, in minor units.
    """

    code: str
    price: Price
    of: tuple[str, ...]
    spent: str
    when: Condition | None = None
    kind: str = "commitment"

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line, shown where something is lacking."""
        base = sheet.base(self.of).plus(sheet.before(self.code, "base"))
        if sheet.goes_on(self.code):
            return [Part(sheet.nothing(), present=~sheet.everyone, counted={"base": base})]
        base = base.plus(sheet.attribute(self.spent, self.code))
        amount = Exact.constant(self.price.minor).minus(base).at_least(ZERO)
        return [Part(amount, self.price.text, base=base, present=amount.spread(sheet.size).nonzero())]
