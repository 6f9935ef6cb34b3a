"""The one place where money and quantities are rounded.

The tariff says the step and the mode; rounding is symmetric about zero, so that a credit undoes a charge to the cent.
Parts are handed out by rounding running totals, so that they always sum to the rounded whole and the same input always
gives the leftover cent to the same part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from core.rating.exact import LIMIT, ZERO, Column, Exact


class Mode(StrEnum):
    """Which way a value between two steps goes; `up` is away from zero, `down` towards it."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Rounding:
    """A tariff's rule. Steps are in minor units; `None` leaves lines, or the total, as they come out."""

    line: Fraction | None
    total: Fraction | None
    mode: Mode = Mode.HALF_UP
    total_mode: Mode = Mode.HALF_UP
    code: str = "rounding"


def divide(column: Exact, mode: Mode) -> Column:
    """Whole numbers nearest to the column's by the mode."""
    den = column.den
    if den == 1:
        return column.values
    if column.positive and mode in (Mode.HALF_UP, Mode.DOWN):
        half = den // 2 if mode is Mode.HALF_UP else 0
        if column.raw.dtype != object and max(den, column.top + half) <= LIMIT:
            return _in_one_pass(column, half)
    values = column.values
    if den > LIMIT and values.dtype != object:
        values = values.astype(object)
    size = np.abs(values)
    whole = size // den
    if mode is not Mode.DOWN:
        whole = whole + _goes_up(whole, size - whole * den, den, mode)
    return np.where(values < 0, -whole, whole)


def _in_one_pass(column: Exact, half: int) -> Column:
    """(values + half) // den of a column that is not negative, in one new column."""
    out = np.multiply(column.raw, column.factor)
    out += half
    out //= column.den
    return out


def _goes_up(whole: Column, rest: Column, den: int, mode: Mode) -> Column:
    if mode is Mode.UP:
        return np.asarray(rest > 0)
    if mode is Mode.HALF_UP:
        return np.asarray(rest >= den - rest)
    return np.asarray((rest > den - rest) | ((rest == den - rest) & (whole % 2 == 1)))


def to_step(column: Exact, step: Fraction, mode: Mode) -> Exact:
    """The column in whole steps."""
    steps = column.times(1 / step)
    return Exact(divide(steps, mode), 1, steps.top // steps.den + 1, steps.positive).times(step)


def to_whole(column: Exact, mode: Mode = Mode.HALF_UP) -> Column:
    """The column in whole numbers of its own unit."""
    return divide(column, mode)


def one(value: Fraction, step: Fraction, mode: Mode) -> Fraction:
    """One value in whole steps."""
    return to_step(Exact.constant(value), step, mode).at(0)


def hand_out(parts: Sequence[Exact], mode: Mode = Mode.HALF_UP) -> list[Column]:
    """Whole numbers for the parts that sum to the rounded whole, whatever the parts' fractions."""
    shares: list[Column] = []
    running, given = ZERO, np.zeros(1, dtype=np.int64)
    for part in parts:
        running = running.plus(part)
        reached = to_whole(running, mode)
        shares.append(reached - given)
        given = reached
    return shares


def in_whole(amount: Column, parts: Sequence[Exact]) -> list[Column]:
    """The parts of an amount in whole numbers that sum to it; where it was rounded as a whole, the last has the difference."""
    first = hand_out(parts)[:-1]
    return [*first, amount - np.sum(np.array(first), axis=0)] if first else [amount]
