"""What a meter used while it said nothing: integers in, integers out, and always rounded down.

A gap of up to two hours between two known intervals is filled along the line between them. A longer one takes the mean of the
same interval on the same weekdays of the meter's own last weeks, and where there is none, the meter's own mean. Source of
the rule: design, domain.md 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Mask = NDArray[np.bool_]

LONGEST_LINE_MINUTES = 120
MEASURED, LINEAR, PROFILE, AVERAGE = 0, 1, 2, 3
METHODS = ("measured", "linear", "profile", "average")
"""From best to weakest; a period is known by the weakest it needed."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The slots of some days in a row: slot -> weekday, and which interval of its day it is."""

    minutes: int
    weekday: Column
    at: Column
    first: Column
    """The first slot of each day; one more entry for the end."""

    @classmethod
    def of(cls, weekdays: list[int], intervals: list[int], minutes: int) -> "Grid":
        """Days with these weekdays and so many intervals each (a day of 23 hours has fewer)."""
        counts = np.array(intervals, dtype=np.int64)
        first = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))
        at = np.arange(first[-1], dtype=np.int64) - np.repeat(first[:-1], counts)
        return cls(minutes, np.repeat(np.array(weekdays, dtype=np.int64), counts), at, first)


def filled(grid: Grid, quantity: Column, known: Mask, wanted: Mask) -> tuple[Column, int]:
    """(`quantity` with the `wanted` slots that are not `known` estimated, the weakest method it took).

    `quantity` counts where `known`; days around the wanted ones are there to learn from. At least one slot must be known.
    """
    whole, weakest = quantity.copy(), MEASURED
    for start, end in _runs(~known):
        inside = wanted[start:end]
        if not inside.any():
            continue
        short = (end - start) * grid.minutes <= LONGEST_LINE_MINUTES and start > 0 and end < len(known)
        if short:
            values, method = _line(quantity, start, end), np.full(end - start, LINEAR)
        else:
            values, method = _profile(grid, quantity, known, np.arange(start, end))
        whole[start:end][inside] = values[inside]
        weakest = max(weakest, int(method[inside].max()))
    return whole, weakest


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """[start, end) of every run of true slots."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _line(quantity: Column, start: int, end: int) -> Column:
    before, after = int(quantity[start - 1]), int(quantity[end])
    steps = np.arange(1, end - start + 1, dtype=np.int64)
    line: Column = before + (after - before) * steps // (end - start + 1)
    return line


def _profile(grid: Grid, quantity: Column, known: Mask, slots: Column) -> tuple[Column, NDArray[Any]]:
    """The mean of the same interval on the same weekday, else of all that is known; and which it was."""
    width = int(grid.at.max()) + 1
    kind = grid.weekday * width + grid.at
    counts = np.bincount(kind[known], minlength=7 * width)
    sums = np.zeros(7 * width, dtype=np.int64)
    np.add.at(sums, kind[known], quantity[known])
    mine = kind[slots]
    average = int(quantity[known].sum()) // int(known.sum())
    like = counts[mine] > 0
    values = np.where(like, sums[mine] // np.maximum(counts[mine], 1), average)
    return values, np.where(like, PROFILE, AVERAGE)
