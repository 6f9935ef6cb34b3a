"""Walking events through blocks and allowances: the arrays against one unit at a time, NumPy against numba."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.compile import load_tariff
from core.rating import fast, walk
from core.rating.allowances import rolled_over
from core.rating.model import Batch, Carried, Events
from core.rating.rate import rate
from core.rating.times import DAY_SECONDS, EPOCH, LONGEST_SECONDS, Clockface
from core.rating.trail import Trail

events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 40)), max_size=60).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)
bounds = st.sets(st.integers(1, 200), max_size=3).map(sorted)


def one_by_one(rows: list[tuple[int, int, int]], ends: list[int]) -> np.ndarray[Any, Any]:
    """Every unit put into its block by counting."""
    out = np.zeros((2, len(ends) + 1, 4), dtype=np.int64)
    used = [0, 0, 0, 0]
    for account, band, quantity in rows:
        for _ in range(quantity):
            block = sum(used[account] >= end for end in ends)
            out[band, block, account] += 1
            used[account] += 1
    return out


def _trail(rows: list[tuple[int, int, int]]) -> Trail:
    account, band, quantity = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    starts = walk.starts_of(account, 4)
    assert starts is not None
    return Trail(starts, quantity, bands=band)


@settings(deadline=None)
@given(events, bounds, st.integers(1, 7))
def test_each_unit_is_in_the_block_and_time_it_was_used_in(
    rows: list[tuple[int, int, int]], ends: list[int], cache: int
) -> None:
    table = np.array(ends, dtype=np.int64).reshape(len(ends), 1)
    kept, walk.CACHE_EVENTS = walk.CACHE_EVENTS, cache
    try:
        got, whole = walk.through(_trail(rows), table, 2)
    finally:
        walk.CACHE_EVENTS = kept
    assert (got == one_by_one(rows, ends)).all()
    assert (whole == got.sum(axis=(0, 1))).all()


@settings(deadline=None)
@given(events, bounds)
def test_blocks_of_each_accounts_own_width_are_kept_apart(rows: list[tuple[int, int, int]], ends: list[int]) -> None:
    own = np.array([[end * (account + 1) for account in range(4)] for end in ends], dtype=np.int64).reshape(
        len(ends), 4
    )
    got, _ = walk.through(_trail(rows), own, 2)
    for account in range(4):
        alone = [row for row in rows if row[0] == account]
        expected = one_by_one(alone, [end * (account + 1) for end in ends])
        assert (got[:, :, account] == expected[:, :, account]).all()


@pytest.mark.skipif(not fast.installed(), reason="the extra `fast` (numba) is not installed")
@settings(deadline=None, max_examples=40)
@given(events, bounds)
def test_numba_gives_the_same_integers(rows: list[tuple[int, int, int]], ends: list[int]) -> None:
    table = np.array(ends, dtype=np.int64).reshape(len(ends), 1)
    if not rows:
        return
    for ours, theirs in zip(fast.through(_trail(rows), table, 2), walk.through(_trail(rows), table, 2), strict=True):
        assert (ours == theirs).all()


@pytest.mark.skipif(not fast.installed(), reason="the extra `fast` (numba) is not installed")
@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, LONGEST_SECONDS - 1), min_size=1, max_size=50).map(sorted),
    st.sampled_from([60, 300, 900, 1800, 3600, 7200, 86_400]),
    st.integers(-(10**9), 2 * 10**9),
)
def test_numba_finds_the_same_time_of_use_without_dividing(moments: list[int], seconds: int, origin: int) -> None:
    """Also at the very edges of a slot, over the longest time a face may span."""
    edges = {(moment // seconds * seconds + off) for moment in moments for off in (0, seconds - 1)}
    at = np.array(sorted(edge for edge in edges if edge < LONGEST_SECONDS), dtype=np.int64) + origin
    slots = np.arange(LONGEST_SECONDS // seconds + 1)
    face = Clockface((slots % 2).astype(np.int8), origin, seconds)
    trail = Trail(np.array([0, len(at)]), np.arange(1, len(at) + 1), at=at, face=face)
    bounds = np.array([[7]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "USED", False)
        cells, whole = walk.through(trail, bounds, 2)
    ours, total = fast.through(trail, bounds, 2)
    assert (ours == cells).all()
    assert (total == whole).all()


def test_events_that_are_not_sorted_are_refused_by_both_walks() -> None:
    for owner in ([0, 2, 1], [1, 0], [0, 4], [-1, 0]):
        column = np.array(owner)
        assert walk.starts_of(column, 4) is None
        assert not fast.installed() or fast.starts_of(column, 4, 0) is None
    assert walk.starts_of(np.array([6, 6, 8]), 4, 5).tolist() == [0, 0, 2, 2, 3]


def test_quantities_beyond_64_bits_are_summed_as_python_integers() -> None:
    huge = np.array([2**62, 2**62, 2**62, 5], dtype=np.int64)
    starts = np.array([0, 3, 4])
    assert list(walk.sums(starts, huge)) == [3 * 2**62, 5]
    cells, whole = walk.through(Trail(starts, huge), np.array([[10]]), 1)
    assert (cells[0].tolist(), whole.tolist()) == ([[10, 5], [3 * 2**62 - 10, 0]], [3 * 2**62, 5])


TIMED = """
tariff: timed
valid_from: 2023-01-01
currency: KES
rounding: {line: none, total: "0.01"}
times: [{code: peak, days: mon-fri, from: "06:00", to: "22:00"}, {code: night}]
allowances: [{code: free_night, meter: energy, unit: kWh, units: "10", charges: [energy], during: [night]},
             {code: free, meter: energy, unit: kWh, units: "5", charges: [energy]}]
charges:
  - {code: energy, type: usage, meter: energy, unit: kWh, model: graduated,
     tiers: [{up_to: "20", price: {peak: "10", night: "4"}}, {price: {peak: "20", night: "8"}}]}
"""


def at(day: int, hour: int) -> int:
    return ((date(2023, 7, day) - EPOCH).days * 24 + hour) * 3600


def test_allowances_are_taken_in_time_order_within_their_times_and_then_the_blocks() -> None:
    """Mon 3 July: 8 at night (free), 12 at peak (5 free, 7 x 10), 6 at night (2 free, 4 x 4), 30 at peak (9 x 10, 21 x 20)."""
    rows = [(at(3, 2), 8), (at(3, 9), 12), (at(3, 23), 6), (at(4, 9), 30)]
    usage = Events(
        np.zeros(4, dtype=np.int64),
        np.array([moment for moment, _ in rows]),
        np.array([kwh * 10**6 for _, kwh in rows]),
    )
    rated = rate(load_tariff(TIMED), Batch(1, date(2023, 7, 1), date(2023, 8, 1), events={"energy": usage}))
    shown = [
        (line.time, line.block, int(line.quantity[0]) // 10**6)
        for line in rated.lines
        if line.quantity is not None and line.present[0] and line.code == "energy"
    ]
    assert shown == [("peak", 1, 16), ("peak", 2, 21), ("night", 1, 4)]
    assert int(rated.total[0]) == (16 * 10 + 21 * 20 + 4 * 4) * 100
    assert {code: int(rated.unused(code)[0]) for code in rated.left} == {"free_night": 0, "free": 0}


SHARED = """
tariff: shared
valid_from: 2023-01-01
currency: KES
allowances: [{code: pot, meter: data, unit: MB, units: "100", charges: [data], shared: true}]
charges: [{code: data, type: usage, meter: data, unit: MB, model: flat, price: "1"}]
"""


def test_a_shared_allowance_is_granted_once_to_a_pool_and_used_in_time_order() -> None:
    usage = Events(
        np.array([0, 0, 1, 2]), np.array([at(3, 1), at(3, 5), at(3, 2), at(3, 1)]), np.array([40, 50, 30, 80]) * 10**6
    )
    batch = Batch(3, date(2023, 7, 1), date(2023, 8, 1), events={"data": usage}, pool=np.array([7, 7, 8]))
    rated = rate(load_tariff(SHARED), batch)
    # pool 7: 40 at one o'clock, 30 at two, 50 at five of which 30 are left: 20 charged to service 0
    assert [int(total) for total in rated.total] == [2000, 0, 0]
    assert [int(left) // 10**6 for left in rated.unused("pot")] == [0, 0, 20]


def test_carried_units_are_used_first_and_only_until_they_expire() -> None:
    usage = Events(np.zeros(2, dtype=np.int64), np.array([at(3, 1), at(20, 1)]), np.array([60, 100]) * 10**6)
    carried = {"pot": (Carried(np.array([90 * 10**6]), (date(2023, 7, 10) - EPOCH).days * DAY_SECONDS),)}
    batch = Batch(1, date(2023, 7, 1), date(2023, 8, 1), events={"data": usage}, carried=carried)
    rated = rate(load_tariff(SHARED), batch)
    assert int(rated.total[0]) == 0
    assert int(rated.unused("pot")[0]) == 0


def test_two_threads_and_a_hundred_runs_give_what_one_run_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(7)
    account = np.sort(generator.integers(0, 300, 5_000))
    when = np.sort(generator.integers(at(1, 0), at(31, 0), 5_000))
    usage = Events(account, when, generator.integers(0, 9 * 10**6, 5_000))
    batch = Batch(300, date(2023, 7, 1), date(2023, 8, 1), events={"energy": usage})
    tariff = load_tariff(TIMED)
    whole = rate(tariff, batch)
    monkeypatch.setattr("core.rating.rate.RUN_SERVICES", 3)
    monkeypatch.setattr("core.rating.rate.FEW_SERVICES", 1)
    assert (rate(tariff, batch, threads=2).total == whole.total).all()


def test_what_is_left_rolls_over_up_to_the_cap_the_oldest_first() -> None:
    rolling = load_tariff(SHARED.replace("shared: true", 'rollover: {periods: 1, cap: "120"}')).allowances[0]
    old = Carried(np.array([50 * 10**6]), (date(2023, 9, 1) - EPOCH).days * DAY_SECONDS)
    kept = rolled_over(rolling, (old, Carried(np.array([100 * 10**6]))), date(2023, 8, 1))
    assert [(int(bucket.units[0]) // 10**6, bucket.until) for bucket in kept] == [(50, old.until), (70, old.until)]
