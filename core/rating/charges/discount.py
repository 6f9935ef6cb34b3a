"""Discounts on named lines: a percentage or an amount, up to a cap, within their days, never below zero.

They come in the tariff's order. One that names an earlier discount among its lines is taken of what that one left of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.rating.exact import ZERO, Exact, total_of
from core.rating.model import Part
from core.rating.sheet import Worksheet
from core.rating.terms import Condition, Price


@dataclass(frozen=True, slots=True)
class Discount:
    """`percent` of the lines `of`, or `amount` off them; valid where the period starts in [since, until).

    `beside`: earlier discounts, not among `of`, on some of the same lines; what they took is not there any more.
    """

    code: str
    of: tuple[str, ...]
    text: str
    percent: Fraction | None = None
    amount: Price | None = None
    cap: Price | None = None
    since: date | None = None
    until: date | None = None
    when: Condition | None = None
    beside: tuple[str, ...] = ()
    kind: str = "discount"

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line, zero or negative; absent outside its days."""
        base = sheet.base(self.of, named=True)
        if not self._valid(sheet.batch.period_from):
            return [Part(ZERO, self.text, base=base, present=~sheet.everyone)]
        off = self._off(sheet, base).at_most(self._room(sheet, base)).at_least(ZERO).spread(sheet.size)
        return [Part(off.negative(), self.text, base=base, present=off.nonzero())]

    def _off(self, sheet: Worksheet, base: Exact) -> Exact:
        off = base.times((self.percent or Fraction(0)) / 100)
        if self.amount is not None:
            off = sheet.shared(Exact.constant(self.amount.minor))
        return off if self.cap is None else off.at_most(sheet.shared(Exact.constant(self.cap.minor)))

    def _room(self, sheet: Worksheet, base: Exact) -> Exact:
        """What other discounts have left of these lines."""
        mine = frozenset(sheet.terms.shared[self.code].lines)
        return total_of([base, *(part for code in self.beside for part in sheet.held(code, mine).values())])

    def _valid(self, day: date) -> bool:
        return (self.since is None or day >= self.since) and (self.until is None or day < self.until)
