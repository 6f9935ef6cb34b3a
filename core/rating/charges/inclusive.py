"""A tax that the prices already hold: it is taken out of the lines it is in, so that net lines and tax sum to the price.

The tax is rounded as a line; the lines lose shares that sum to it, handed out by running totals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core.rating.exact import ZERO, Exact, Mask
from core.rating.model import Line, Part
from core.rating.rounding import Rounding, to_step
from core.rating.sheet import Worksheet
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

    def parts(self, sheet: Worksheet) -> Sequence[Part]:
        """One line: the tax inside the named lines."""
        base = sheet.base(self.of)
        return [Part(base.times(self.percent / (100 + self.percent)), f"{self.text} %", base=base)]


def taken_out(sheet: Worksheet, lines: Sequence[Line], tax: InclusiveTax, rule: Rounding, applies: Mask) -> list[Line]:
    """The lines with the tax they hold taken out; what they lose sums to the tax line.

    A discount or a limit on some of these lines loses what its parts of them hold.
    """
    rate, wanted = tax.percent / (100 + tax.percent), frozenset(tax.of)
    running, given = ZERO, ZERO
    result = []
    for line in lines:
        exact, size = line.exact, len(line.present)
        for key, piece in _pieces(sheet, line, wanted):
            running = running.plus(piece)
            reached = running.times(rate)
            if rule.line is not None:
                reached = to_step(reached, rule.line, rule.mode)
            held = reached.minus(given).where(applies)
            exact = exact.minus(held).spread(size)
            if key is not None:
                sheet.parts[line.code, key] = piece.minus(held).spread(size)
            given = reached
        result.append(line if exact is line.exact else replace(line, amount=exact.values, exact=exact))
    return result


def _pieces(sheet: Worksheet, line: Line, wanted: frozenset[str]) -> list[tuple[str | None, Exact]]:
    """What of a line holds the tax of the lines wanted: all of it, or its parts of them with their names."""
    shared = sheet.terms.shared.get(line.code)
    if shared is None:
        return [(None, line.exact)] if line.code in wanted else []
    held = sheet.held(line.code, wanted)
    return [(code if shared.split and code != line.code else None, part) for code, part in held.items()]
