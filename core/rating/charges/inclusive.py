"""A tax that the prices already hold: it is taken out of the lines it is in, so that net lines and tax sum to the price.

The tax is rounded as a line; the lines lose shares that sum to it, handed out by running totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core.rating.exact import ZERO, Mask
from core.rating.model import Line, Part
from core.rating.rounding import Rounding, to_step
from core.rating.sheet import Sheet
from core.rating.terms import Condition


@dataclass(frozen=True, slots=True)
class InclusiveTax:
    """`percent` of the net, held in the lines `of`. `rate.py` lowers those lines by what this line says."""

    code: str
    text: str
    percent: Fraction
    of: tuple[str, ...]
    when: Condition | None = None
    kind: str = "tax"

    def parts(self, sheet: Sheet) -> Sequence[Part]:
        """One line: the tax inside the named lines."""
        base = sheet.base(self.of)
        return [Part(base.times(self.percent / (100 + self.percent)), f"{self.text} %", base=base)]


def taken_out(lines: Sequence[Line], tax: InclusiveTax, rule: Rounding, applies: Mask) -> list[Line]:
    """The lines with the tax they hold taken out; what they lose sums to the tax line."""
    rate = tax.percent / (100 + tax.percent)
    running, given = ZERO, ZERO
    result = []
    for line in lines:
        if line.code not in tax.of:
            result.append(line)
            continue
        running = running.plus(line.exact)
        reached = running.times(rate)
        if rule.line is not None:
            reached = to_step(reached, rule.line, rule.mode)
        net = line.exact.minus(reached.minus(given).where(applies)).spread(len(line.present))
        given = reached
        result.append(replace(line, amount=net.values, exact=net))
    return result
