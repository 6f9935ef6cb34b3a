"""Properties of the consumption arithmetic: parts sum to the whole, whatever the cuts; estimates stay between what is known."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.metering.vee.estimate import Grid, filled
from core.metering.vee.register_interpolation import MICRO, Curve, unrolled

DIALS = 5
STEPS = st.lists(st.tuples(st.integers(1, 70), st.integers(0, 90_000 * MICRO)), min_size=1, max_size=12)


def fill(grid: Grid, quantity: Any, known: Any, wanted: Any) -> tuple[int, int]:
    """(estimated micro-units, weakest method) of the `wanted` slots that are not `known`."""
    whole, weakest = filled(grid, quantity, known, wanted)
    return int(whole[wanted & ~known].sum()), weakest


def _register(start: int, steps: list[tuple[int, int]], multiplier: int = MICRO) -> tuple[Curve, int]:
    """The curve of a register that turns over at 10^5, and what really ran through it."""
    day, value, days, shown = 100, start, [100], [start]
    for wait, used in steps:
        day, value = day + wait, value + used
        days.append(day)
        shown.append(value % (10**DIALS * MICRO))
    return Curve.of(np.array(days), np.array(shown), DIALS, multiplier), sum(used for _, used in steps)


@given(st.integers(0, 99_999 * MICRO), STEPS, st.lists(st.integers(-40, 1000), max_size=8))
def test_periods_of_any_length_sum_to_last_minus_first(
    start: int, steps: list[tuple[int, int]], cuts: list[int]
) -> None:
    curve, used = _register(start, steps)
    bounds = sorted({curve.first, curve.last, *(min(max(100 + cut, curve.first), curve.last) for cut in cuts)})
    periods = [curve.at(b) - curve.at(a) for a, b in pairwise(bounds)]
    assert sum(periods) == used
    assert all(period >= 0 for period in periods)


@given(STEPS, st.integers(1, 999 * MICRO))
def test_a_multiplier_multiplies_the_whole_and_rounds_it_down_once(
    steps: list[tuple[int, int]], multiplier: int
) -> None:
    curve, used = _register(0, steps, multiplier)
    assert curve.at(curve.last) - curve.at(curve.first) == used * multiplier // MICRO


@given(STEPS, st.integers(0, 400))
def test_beyond_the_last_reading_the_count_only_grows(steps: list[tuple[int, int]], days: int) -> None:
    curve, _ = _register(0, steps)
    assert curve.at(curve.last + days) >= curve.at(curve.last)
    assert curve.at(curve.first - days) <= 0


def test_a_register_that_turns_over_counts_on() -> None:
    assert unrolled(np.array([99_990, 5, 20]) * MICRO, DIALS).tolist() == [0, 15 * MICRO, 30 * MICRO]


VALUES = st.lists(st.integers(0, 10**9), min_size=96, max_size=96)


@given(VALUES, st.sets(st.integers(0, 95), max_size=90), st.integers(0, 96), st.integers(0, 96))
def test_an_estimate_is_additive_and_lies_within_what_is_known(
    values: list[int], gone: set[int], one: int, other: int
) -> None:
    grid = Grid.of([0, 0], [48, 48], 30)
    known = np.ones(96, dtype=np.bool_)
    known[list(gone)] = False
    quantity = np.where(known, np.array(values), -1)
    low, high = min(one, other), max(one, other)
    masks = [np.zeros(96, dtype=np.bool_) for _ in range(3)]
    masks[0][:low], masks[1][low:high], masks[2][high:] = True, True, True
    parts = [fill(grid, quantity, known, mask)[0] for mask in masks]
    whole, _ = fill(grid, quantity, known, np.ones(96, dtype=np.bool_))
    assert sum(parts) == whole
    present = [value for value, here in zip(values, known, strict=True) if here]
    assert min(present) * len(gone) <= whole <= max(present) * len(gone)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 4))
def test_a_short_gap_is_a_line_rounded_down(before: int, after: int, length: int) -> None:
    grid = Grid.of([3], [48], 30)
    quantity = np.full(48, before)
    quantity[20 + length :] = after
    known = np.ones(48, dtype=np.bool_)
    known[20 : 20 + length] = False
    total, method = fill(grid, quantity, known, np.ones(48, dtype=np.bool_))
    assert method == 1
    assert total == sum(before + (after - before) * step // (length + 1) for step in range(1, length + 1))
