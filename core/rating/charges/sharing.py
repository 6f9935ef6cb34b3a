"""Shares the line of a discount, a least, a most or a commitment over the lines it is on, while they are being priced.

What is shared goes on counting where a version of the tariff cuts the period, as the money towards a limit does: the parts of
all versions together are those of the whole.
"""

from dataclasses import replace

from core.rating.charges.discount import Discount
from core.rating.exact import Exact, Mask, total_of
from core.rating.model import Line, Part
from core.rating.rounding import Rounding
from core.rating.shares import Parts, ShareRequest, split, weighed
from core.rating.sheet import Worksheet
from core.rating.tariff import Charge


def share_out(sheet: Worksheet, charge: Charge, part: Part, amount: Exact, rule: Rounding) -> None:
    """Put on the sheet what of the charge's amount (as rounded) falls to each of its lines, where anybody asks."""
    shared = sheet.terms.shared.get(charge.code)
    if shared is None or not shared.split:
        return
    left = {line: sheet.on_line(line) for line in shared.lines}
    before = {line: sheet.before(charge.code, f"left of {line}") for line in shared.lines}
    given = {line: sheet.before(charge.code, f"part of {line}") for line in shared.lines}
    earlier = sheet.before(charge.code, "shared")
    own = _own(sheet, charge, shared.lines)
    whole = ~sheet.everyone if own is None else _whole(sheet, part.amount, own)
    ask = ShareRequest(amount, rule.line, left, own, whole, earlier, before, given)
    parts = split(ask, sheet.size)
    sheet.parts.update({(charge.code, line): one for line, one in parts.items()})
    sheet.counted[charge.code, "shared"] = earlier.plus(amount)
    for line, one in weighed(left, before, sheet.size).items():
        sheet.counted[charge.code, f"left of {line}"] = one
        sheet.counted[charge.code, f"part of {line}"] = given[line].plus(parts[line])


def _own(sheet: Worksheet, charge: Charge, lines: tuple[str, ...]) -> Parts | None:
    """What a percentage takes off each line by itself; None for amounts."""
    if not isinstance(charge, Discount) or charge.percent is None:
        return None
    named = [code for code in charge.of if code in sheet.terms.shared]
    return {line: sheet.base((line, *named), named=True).times(-charge.percent / 100) for line in lines}


def _whole(sheet: Worksheet, amount: Exact, own: Parts) -> Mask:
    """For whom the percentages of each line are all of the amount: nothing capped it."""
    return ~amount.minus(total_of(own.values())).spread(sheet.size).nonzero()


def with_parts(sheet: Worksheet, line: Line) -> Line:
    """A line with the parts that a bill shows."""
    shared = sheet.terms.shared.get(line.code)
    if shared is None or not shared.groups:
        return line
    sums = {
        group: total_of(sheet.parts[line.code, code] for code in group).spread(sheet.size) for group in shared.groups
    }
    return replace(line, parts=tuple(sums.items()))
