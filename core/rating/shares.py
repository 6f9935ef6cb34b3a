"""An amount on several lines at once (a discount, a least, a most, a commitment): what of it falls to which line.

What comes after it is taken of some of those lines: a tax of 10 % on one, of 20 % on another. So each line has its part, and
whoever is taken of a line is taken of its part too. A percentage off is off each line by itself; an amount is shared by what is
left of each line, to whole steps of the tariff's rounding, the leftover steps to the largest remainders. Where nothing
that follows tells the lines apart, nothing is split.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Protocol

import numpy as np

from core.rating.exact import LIMIT, ZERO, Column, Exact, Mask, largest, total_of

ADJUSTING = frozenset({"discount", "minimum", "maximum", "commitment"})
"""Kinds of charges that say what lines come to in the end: they are on these lines, not beside them."""
SPREADING = frozenset({"percent", "tax"})

Parts = Mapping[str, Exact]
"""Code of a line -> what of an amount falls to it."""


class SharedLine(Protocol):
    """As much of a charge as a plan needs."""

    @property
    def code(self) -> str:
        """Its name on the bill."""
        ...

    @property
    def kind(self) -> str:
        """What it does."""
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """`lines`: the codes it is on, no other such amounts among them. `split`: whether its parts are told apart at all.

    `groups`: the same lines by the percentages and taxes that follow, where these differ: the parts that a bill shows.
    """

    lines: tuple[str, ...]
    split: bool = False
    groups: tuple[tuple[str, ...], ...] = ()


def plan(charges: Sequence[SharedLine]) -> dict[str, Shared]:
    """The charges of a tariff that are on several lines or on one, by their codes, in its order."""
    on: dict[str, tuple[str, ...]] = {}
    for charge in charges:
        if charge.kind in ADJUSTING:
            on[charge.code] = lines_of(_of(charge), on)
    split = any(_told_apart(charges, code, lines) for code, lines in on.items())
    return {
        code: Shared(lines, split and len(lines) > 1, _groups(charges, code, lines) if split else ())
        for code, lines in on.items()
    }


def lines_of(of: Sequence[str], on: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The lines that are named, those of named amounts on lines among them."""
    return tuple(dict.fromkeys(line for code in of for line in on.get(code, (code,))))


def _of(charge: SharedLine) -> tuple[str, ...]:
    return tuple(getattr(charge, "of", ()))


def _after(charges: Sequence[SharedLine], code: str) -> Sequence[SharedLine]:
    """The charges that come after one."""
    return charges[1 + next(at for at, charge in enumerate(charges) if charge.code == code) :]


def _told_apart(charges: Sequence[SharedLine], code: str, lines: tuple[str, ...]) -> bool:
    """Whether something that follows is taken of some of the lines only."""
    return any(0 < len(set(_of(charge)) & set(lines)) < len(lines) for charge in _after(charges, code))


def _groups(charges: Sequence[SharedLine], code: str, lines: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The lines by what is taken of them afterwards; none where all are alike."""
    follow = [charge for charge in _after(charges, code) if charge.kind in SPREADING]
    found: dict[frozenset[str], list[str]] = {}
    for line in lines:
        found.setdefault(frozenset(one.code for one in follow if line in _of(one)), []).append(line)
    return tuple(tuple(group) for group in found.values()) if len(found) > 1 else ()


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """What is to be split: `amount` (a column as it stands on the bill) over lines, in whole `step`s (None: as exact as can be).

    `own`: what each line is charged by itself, where it is a percentage of each; `whole` says for whom that is all of the amount.
    `left`: what earlier amounts have left of each line. Of the days under earlier versions of the tariff in the same period:
    `before`, the amount and what was left of each line then; `given`, the parts that were handed out.
    """

    amount: Exact
    step: Fraction | None
    left: Parts
    own: Parts | None
    whole: Mask
    before: Exact = ZERO
    weights: Parts | None = None
    given: Parts | None = None


def weighed(left: Parts, before: Parts | None, size: int) -> dict[str, Exact]:
    """By what an amount is shared: what is left of each line, over all versions of the period so far; credits have no share."""
    return {
        code: column.at_least(ZERO).plus(ZERO if before is None else before[code]).spread(size)
        for code, column in left.items()
    }


def split(ask: ShareRequest, size: int) -> dict[str, Exact]:
    """The parts; they sum to the amount for every service."""
    given = dict.fromkeys(ask.left, ZERO) if ask.given is None else ask.given
    shared = _steps(ask.amount.plus(ask.before), weighed(ask.left, ask.weights, size), ask.step, size)
    parts = {code: part.minus(given[code]) for code, part in shared.items()}
    if ask.own is None:
        return parts
    if ask.step is not None:
        ask_own = {code: column.spread(size) for code, column in ask.own.items()}
        own = _steps(ask.amount, ask_own, ask.step, size)
    else:
        own = dict(ask.own)
    fits = ask.whole & ~_overdrawn(own, ask.left, size)
    return {code: own[code].spread(size).where(fits).plus(parts[code].where(~fits)) for code in parts}


def _overdrawn(parts: Parts, left: Parts, size: int) -> Mask:
    """Who would have a line below zero by its part."""
    out = np.zeros(size, dtype=np.bool_)
    for code, part in parts.items():
        after, before = left[code].plus(part).spread(size), left[code].spread(size)
        out |= (after.values < 0) & (before.values >= 0)
    return out


def _steps(amount: Exact, weights: Parts, step: Fraction | None, size: int) -> dict[str, Exact]:
    """The amount in whole steps by weight; what is less than a step goes to the heaviest line."""
    unit = Fraction(1) if step is None else step
    steps = amount.times(1 / unit).spread(size)
    signs = np.where(steps.values < 0, -1, 1)
    size_of = np.abs(steps.values)
    whole = size_of // steps.den
    heavy = _integers(list(weights.values()), size)
    shares = largest_remainder(whole, heavy)
    rest = Exact.of((size_of - whole * steps.den) * signs, steps.den)
    first = np.argmax(np.array([np.abs(column) for column in heavy]), axis=0)
    return {
        code: Exact.of(share * signs).plus(rest.where(first == number)).times(unit).spread(size)
        for number, (code, share) in enumerate(zip(weights, shares, strict=True))
    }


def _integers(columns: Sequence[Exact], size: int) -> list[Column]:
    """Columns of one denominator, without it; the sign of their sum turned to plus."""
    den = lcm(*(column.den for column in columns))
    values = [column.times(den).spread(size).values for column in columns]
    whole = total_of(columns).spread(size).values
    return [np.where(whole < 0, -column, column) for column in values]


def largest_remainder(total: Column, weights: Sequence[Column]) -> list[Column]:
    """`total` (not negative) as whole numbers by weight; what is over, one by one to the largest remainders, the earlier line first.

    Where the weights sum to nothing, the first line has it all.
    """
    if largest(total) * max(sum(largest(column) for column in weights), 1) > LIMIT:
        total, weights = total.astype(object), [column.astype(object) for column in weights]
    whole = np.sum(np.array(weights), axis=0)
    nobody = whole <= 0
    safe = np.where(nobody, 1, whole)
    heavy = [np.where(nobody, int(number == 0), column) for number, column in enumerate(weights)]
    floors = [total * column // safe for column in heavy]
    rests = np.array([total * column - floor * safe for column, floor in zip(heavy, floors, strict=True)])
    over = total - np.sum(np.array(floors), axis=0)
    ranks = np.argsort(np.argsort(-rests, axis=0, kind="stable"), axis=0, kind="stable")
    return [floor + (rank < over) for floor, rank in zip(floors, ranks, strict=True)]
