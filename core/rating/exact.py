"""Exact columns: every account's quantity or amount as an integer over one common denominator.

Rule kept: no float, and no overflow. Each column carries a proven bound of its largest value; an operation whose result
could pass 63 bits first measures the true bound, and if that still does not fit goes on in Python's unbounded integers
(an object array), slower and just as right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
"""int64, or object where the numbers outgrow 64 bits."""
Mask = NDArray[np.bool_]

LIMIT = 2**63 - 1
MICRO = 1_000_000


def largest(values: Column) -> int:
    """The largest magnitude in the column; 0 of an empty one."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))


@dataclass(frozen=True, slots=True)
class Exact:
    """`values[i] / den`, with every `abs(values[i]) <= top`. A column of length one stands for the same value everywhere.

    `positive`: proved that no value is below zero (where it is False, nothing is known).
    """

    values: Column
    den: int
    top: int
    positive: bool = False

    @staticmethod
    def of(values: Column, den: int = 1) -> "Exact":
        """A column of integers over `den`."""
        if values.dtype != object:
            values = values.astype(np.int64, copy=False)
        if values.size == 0:
            return Exact(values, den, 0, True)
        least, most = int(values.min()), int(values.max())
        return Exact(values, den, max(most, -least), least >= 0)

    @staticmethod
    def constant(value: Fraction | int) -> "Exact":
        """The same value for every account."""
        value = Fraction(value)
        big = abs(value.numerator) > LIMIT
        values = np.array([value.numerator], dtype=object if big else np.int64)
        return Exact(values, value.denominator, abs(value.numerator), value >= 0)

    def __len__(self) -> int:
        return len(self.values)

    def times(self, factor: Fraction | int) -> "Exact":
        """Every value times one rational number."""
        factor = Fraction(factor)
        shared = gcd(factor.numerator, self.den) or 1
        number, den = factor.numerator // shared, self.den // shared * factor.denominator
        if number == 1:
            return Exact(self.values, den, self.top, self.positive)
        values, top = _room(self, abs(number))
        return Exact(values * number, den, top * abs(number), self.positive and number >= 0)

    def by(self, other: "Exact") -> "Exact":
        """Account by account product."""
        one, top = _room(self, other.top)
        return Exact(one * other.values, self.den * other.den, top * other.top, self.positive and other.positive)

    def plus(self, other: "Exact") -> "Exact":
        """Account by account sum."""
        one, two, den, tops = _aligned(self, other)
        return Exact(one + two, den, sum(tops), self.positive and other.positive)

    def minus(self, other: "Exact") -> "Exact":
        """Account by account difference."""
        one, two, den, tops = _aligned(self, other)
        return Exact(one - two, den, sum(tops))

    def at_most(self, other: "Exact") -> "Exact":
        """Account by account the smaller."""
        one, two, den, tops = _aligned(self, other)
        return Exact(np.minimum(one, two), den, max(tops), self.positive and other.positive)

    def at_least(self, other: "Exact") -> "Exact":
        """Account by account the larger."""
        one, two, den, tops = _aligned(self, other)
        return Exact(np.maximum(one, two), den, max(tops), self.positive or other.positive)

    def where(self, mask: Mask) -> "Exact":
        """The value where the mask holds, else nothing."""
        return Exact(np.where(mask, self.values, 0), self.den, self.top, self.positive)

    def above(self, other: "Exact") -> Mask:
        """Where this is larger than the other."""
        one, two, _, _ = _aligned(self, other)
        return np.asarray(one > two, dtype=np.bool_)

    def nonzero(self) -> Mask:
        """Where there is something."""
        return np.asarray(self.values != 0, dtype=np.bool_)

    def negative(self) -> "Exact":
        """The other sign."""
        return Exact(-self.values, self.den, self.top)

    def spread(self, size: int) -> "Exact":
        """The column at full length, whole numbers back in 64 bits where they fit."""
        values = np.broadcast_to(self.values, (size,)) if len(self.values) == 1 != size else self.values
        if values.dtype == object and largest(values) <= LIMIT:
            values = values.astype(np.int64)
        return Exact(values, self.den, self.top, self.positive)

    def at(self, index: int) -> Fraction:
        """One account's value."""
        return Fraction(int(self.values[index if len(self.values) > 1 else 0]), self.den)


ZERO = Exact.constant(0)


def total_of(columns: Iterable[Exact]) -> Exact:
    """Account by account sum of several columns; nothing of none."""
    result = ZERO
    for column in columns:
        result = column if result is ZERO else result.plus(column)
    return result


def _room(column: Exact, factor: int) -> tuple[Column, int]:
    """The column's values in a type in which `factor` times them still fits, and their bound."""
    if column.top * factor <= LIMIT and factor <= LIMIT:
        return column.values, column.top
    top = largest(column.values)
    if top * factor <= LIMIT and factor <= LIMIT:
        return column.values, top
    return column.values.astype(object), top


def _aligned(one: Exact, two: Exact) -> tuple[Column, Column, int, tuple[int, int]]:
    """Both columns over one denominator, with room for their sum, and their bounds."""
    den = one.den if one.den == two.den else lcm(one.den, two.den)
    by_one, by_two = den // one.den, den // two.den
    (a, top_a), (b, top_b) = _room(one, 2 * by_one), _room(two, 2 * by_two)
    return (
        a if by_one == 1 else a * by_one,
        b if by_two == 1 else b * by_two,
        den,
        (top_a * by_one, top_b * by_two),
    )
