"""How much of which line of a bill a credit takes off. Pure; amounts are minor units in the sign of the line they are of.

A line that was wrong takes with it what was reckoned on it: the percentages and taxes of its tariff that name it, in the
tariff's order. No line is ever credited beyond what it came to, all credits of it together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.billing.model import BillLine
from core.rating.charges.discount import Discount
from core.rating.charges.inclusive import InclusiveTax
from core.rating.charges.percent import Percent
from core.rating.exact import Exact
from core.rating.rounding import Mode, hand_out, one
from core.rating.tariff import Tariff

Cut = dict[int, int]
"""Position of a line -> minor units of it."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A charge that is `percent` of the lines named `of`."""

    code: str
    of: frozenset[str]
    percent: Fraction


def followers(tariff: Tariff) -> list[Follower]:
    """The charges of a tariff that are a plain share of others, in its order."""
    found = []
    for charge in tariff.charges:
        if isinstance(charge, Percent | InclusiveTax):
            found.append(Follower(charge.code, frozenset(charge.of), charge.percent))
        elif isinstance(charge, Discount) and charge.percent is not None:
            found.append(Follower(charge.code, frozenset(charge.of), -charge.percent))
    return found


def late_follower(lines: Sequence[BillLine], line: BillLine) -> list[Follower]:
    """The tax in a correction of an earlier bill follows the correction."""
    late, _, of = line.code.partition(":")
    code = f"late_tax:{of}"
    tax = sum(other.amount_minor for other in lines if (other.service_id, other.code) == (line.service_id, code))
    if late != "late_use" or not tax:
        return []
    return [Follower(code, frozenset({line.code}), Fraction(100 * tax, line.amount_minor))]


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


def off_line(lines: Sequence[BillLine], rest: Cut, line: BillLine, amount: int, of_tariff: Sequence[Follower]) -> Cut:
    """`amount` off one line, and what of its service was reckoned on that."""
    cut: Cut = {line.position: amount}
    moved: dict[str, int] = defaultdict(int, {line.code: amount})
    for follower in of_tariff:
        base = sum(minor for code, minor in moved.items() if code in follower.of)
        change = int(one(base * follower.percent / 100, Fraction(1), Mode.HALF_UP))
        for other in lines:
            if change and (other.service_id, other.code) == (line.service_id, follower.code):
                here = _within(change, rest[other.position] - cut.get(other.position, 0))
                cut[other.position] = cut.get(other.position, 0) + here
                moved[follower.code] += here
                change -= here
    return {position: minor for position, minor in cut.items() if minor}


def _within(change: int, room: int) -> int:
    """As much of `change` as `room` (of the same sign) allows."""
    return max(min(change, room), 0) if change > 0 else min(max(change, room), 0)
