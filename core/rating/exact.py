"""Exact columns: every account's quantity or amount as an integer over one common denominator.

Rule kept: no float, and no overflow. Each column carries a proven bound of its largest value; an operation whose result
could pass 63 bits first measures the true bound, and if that still does not fit goes on in Python's unbounded integers
(an object array), slower and just as right.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
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

    `positive`: proved that no value is below zero (where it is False, nothing is known). `factor` is still to be multiplied
    with the `raw` integers, so that a price and its rounding are one pass over the column.
    """

    raw: Column
    den: int
    top: int
    positive: bool = False
    factor: int = 1

    @property
    def values(self) -> Column:
        """The integers over `den`."""
        return self.raw if self.factor == 1 else self.raw * self.factor

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
        return len(self.raw)

    def times(self, factor: Fraction | int) -> "Exact":
        """Every value times one rational number."""
        factor = Fraction(factor)
        shared = gcd(factor.numerator, self.den) or 1
        number, den = factor.numerator // shared, self.den // shared * factor.denominator
        raw, top, both = self.raw, self.top * abs(number), self.factor * number
        if max(top, abs(both)) > LIMIT:
            top = largest(raw) * abs(both)
            raw = raw.astype(object) if max(top, abs(both)) > LIMIT else raw
        return Exact(raw, den, top, self.positive and number >= 0, both)

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
        return replace(self, raw=np.where(mask, self.raw, 0))

    def above(self, other: "Exact") -> Mask:
        """Where this is larger than the other."""
        one, two, _, _ = _aligned(self, other)
        return np.asarray(one > two, dtype=np.bool_)

    def nonzero(self) -> Mask:
        """Where there is something."""
        return np.asarray(self.values != 0, dtype=np.bool_)

    def negative(self) -> "Exact":
        """The other sign."""
        return Exact(self.raw, self.den, self.top, factor=-self.factor)

    def spread(self, size: int) -> "Exact":
        """The column at full length, whole numbers back in 64 bits where they fit."""
        values = self.values
        if len(values) == 1 != size:
            values = np.broadcast_to(values, (size,))
        if values.dtype == object and largest(values) <= LIMIT:
            values = values.astype(np.int64)
        return Exact(values, self.den, self.top, self.positive)

    def at(self, index: int) -> Fraction:
        """One account's value."""
        return Fraction(int(self.raw[index if len(self.raw) > 1 else 0]) * self.factor, self.den)


ZERO = Exact.constant(0)


def total_of(columns: Iterable[Exact]) -> Exact:
    """Account by account sum of several columns; nothing of none."""
    result, fresh = ZERO, False
    for column in columns:
        if fresh and _fits(result, column):
            result.raw.__iadd__(column.values)
            top, positive = result.top + column.top, result.positive and column.positive
            result = Exact(result.raw, result.den, top, positive)
        elif result is ZERO:
            result = column
        else:
            result, fresh = result.plus(column), True
    return result


def _fits(result: Exact, column: Exact) -> bool:
    """Whether a column can be added in place."""
    same = result.den == column.den and len(result) >= len(column) and result.factor == 1
    return same and object not in (result.raw.dtype, column.raw.dtype) and result.top + column.top <= LIMIT


def _room(column: Exact, factor: int) -> tuple[Column, int]:
    """The column's values in a type in which `factor` times them still fits, and their bound."""
    values = column.values
    if column.top * factor <= LIMIT and factor <= LIMIT:
        return values, column.top
    top = largest(values)
    if top * factor <= LIMIT and factor <= LIMIT:
        return values, top
    return values.astype(object), top


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
