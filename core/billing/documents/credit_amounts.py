"""How much of which line of a bill a credit takes off. Pure; amounts are minor units in the sign of the line they are of.

A line that was wrong takes with it what was reckoned on it: the percentages, taxes and amounts off of its tariff that name it, in
the tariff's order. What all credits so far take of such a line is its part of the line, rounded: so that credits in any order give
back exactly what was charged. No line is ever credited beyond what it came to, all credits of it together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.billing.model import BillLine
from core.rating.charges.discount import Discount
from core.rating.charges.inclusive import InclusiveTax
from core.rating.charges.limits import Limit
from core.rating.charges.percent import Percent
from core.rating.exact import Exact
from core.rating.rounding import Mode, hand_out, one
from core.rating.tariff import Tariff

Cut = dict[int, int]
"""Position of a line -> minor units of it."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A charge that is a share of the lines named `of`; `off`: it is on these lines, as a discount is, not beside them."""

    code: str
    of: frozenset[str]
    off: bool = False


def followers(tariffs: Sequence[Tariff]) -> list[Follower]:
    """The charges that are a share of others, in the order of the tariffs; one of several versions follows what it names in any."""
    match: dict[str, Follower] = {}
    for tariff in tariffs:
        for charge in tariff.charges:
            of = match[charge.code].of if charge.code in match else frozenset[str]()
            if isinstance(charge, Percent | InclusiveTax):
                match[charge.code] = Follower(charge.code, of | set(charge.of))
            elif isinstance(charge, Discount) or (isinstance(charge, Limit) and charge.kind == "maximum"):
                lines = tariff.shared[charge.code].lines
                match[charge.code] = Follower(charge.code, of | set(lines), off=True)
    return list(match.values())


def late_follower(lines: Sequence[BillLine], line: BillLine) -> list[Follower]:
    """The tax in a correction of an earlier bill follows the correction."""
    late, _, of = line.code.partition(":")
    return [Follower(f"late_tax:{of}", frozenset({line.code}))] if late == "late_use" else []


def left(lines: Sequence[BillLine], taken: Mapping[int, int]) -> Cut:
    """What of each line no earlier credit has taken."""
    return {line.position: line.amount_minor - taken.get(line.position, 0) for line in lines}


def share(rest: Cut, amount: int) -> Cut:
    """`amount` off the bill as a whole, from every line its part; leftover cents are handed out in the order of the lines."""
    whole = sum(rest.values())
    if amount == whole:
        return {position: minor for position, minor in rest.items() if minor}
    parts = [Exact.of(np.array([minor * amount], dtype=object), whole) for minor in rest.values()]
    shares = (int(column[0]) for column in hand_out(parts))
    return {position: minor for position, minor in zip(rest, shares, strict=True) if minor}


def off_line(
    lines: Sequence[BillLine], taken: Mapping[int, int], line: BillLine, amount: int, of_tariff: Sequence[Follower]
) -> Cut:
    """`amount` off one line, and what of its service was reckoned on that; `taken`: what earlier credits took of each line."""
    rest = left(lines, taken)
    cut: Cut = {line.position: amount}
    theirs = [other for other in lines if other.service_id == line.service_id]
    on = {follower.code: follower.of for follower in of_tariff if follower.off}
    for follower in of_tariff:
        for same in _alike([other for other in theirs if other.code == follower.code]):
            base = [other for other in theirs if _bears(other, follower, same[0], on)]
            change = _follows(same, base, taken, cut)
            for other in same:
                here = _within(change, rest[other.position] - cut.get(other.position, 0))
                cut[other.position] = cut.get(other.position, 0) + here
                change -= here
    return {position: minor for position, minor in cut.items() if minor}


def _alike(lines: Sequence[BillLine]) -> list[list[BillLine]]:
    """Lines of one charge by the lines that they are a part on."""
    match: dict[str | None, list[BillLine]] = {}
    for line in lines:
        match.setdefault(line.part_of, []).append(line)
    return list(match.values())


def _bears(line: BillLine, follower: Follower, example: BillLine, on: Mapping[str, frozenset[str]]) -> bool:
    """Whether a follower (of which `example` is a line) is taken of a line."""
    if line.code == follower.code:
        return False
    wanted = _codes(example, follower.of)
    if line.code not in on:
        return line.code in wanted
    return not follower.off and (line.code in wanted or bool(wanted & _codes(line, on[line.code])))


def _codes(line: BillLine, of: frozenset[str]) -> frozenset[str]:
    """The codes that a line of a charge on the lines `of` is on."""
    return frozenset(line.part_of.split(",")) if line.part_of else of


def _follows(same: Sequence[BillLine], base: Sequence[BillLine], taken: Mapping[int, int], cut: Cut) -> int:
    """What a charge goes by now: its share of all that was ever taken of its lines, less what was taken of itself."""
    whole, mine = sum(each.amount_minor for each in base), sum(each.amount_minor for each in same)
    if not whole or not mine:
        return 0
    moved = sum(_gone(each, taken, cut) for each in base)
    reached = int(one(Fraction(mine * moved, whole), Fraction(1), Mode.HALF_UP))
    change = reached - sum(_gone(each, taken, cut) for each in same)
    return change if change * mine > 0 else 0


def _gone(line: BillLine, taken: Mapping[int, int], cut: Cut) -> int:
    return taken.get(line.position, 0) + cut.get(line.position, 0)


def _within(change: int, room: int) -> int:
    """As much of `change` as `room` (of the same sign) allows."""
    return max(min(change, room), 0) if change > 0 else min(max(change, room), 0)
