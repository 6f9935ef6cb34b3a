"""One event as it arrives: the prices of a period's events sum to its bill before rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rating import JULY, START, TARIFF
from core.catalog.compile import load_tariff
from core.rating import fast
from core.rating.arrivals import Till
from core.rating.errors import CannotRate
from core.rating.model import Batch, Events
from core.rating.online import Counter, denominator, price_of
from core.rating.rate import rate
from core.rating.times import DAY_SECONDS
from tests.bills.paper import example

EXACT = TARIFF.replace("currency: KES", 'currency: KES\nrounding: {line: none, total: "1"}')
BENCH = load_tariff(EXACT)
events = st.lists(st.tuples(st.integers(0, 31 * DAY_SECONDS - 1), st.integers(0, 90_000_000)), max_size=20)


@settings(deadline=None, max_examples=50)
@given(events.map(sorted))
def test_the_events_of_a_period_sum_to_its_bill(rows: list[tuple[int, int]]) -> None:
    tariff = BENCH
    price, counter = price_of(tariff, "energy"), Counter()
    parts = sum(price(counter, START + second, quantity) for second, quantity in rows)
    usage = Events(
        np.zeros(len(rows), dtype=np.int64),
        np.array([START + second for second, _ in rows], dtype=np.int64),
        np.array([quantity for _, quantity in rows], dtype=np.int64),
    )
    rated = rate(tariff, Batch(1, *JULY, events={"energy": usage}))
    exact = sum(line.exact.at(0) for line in rated.lines if line.code == "energy")
    assert exact * denominator(tariff, "energy") == parts


def test_a_charge_that_needs_the_whole_period_is_refused() -> None:
    with pytest.raises(CannotRate, match="charge consumption: it cannot be priced event by event: use `rate`"):
        price_of(example("kenya-domestic"), "consumption")
    with pytest.raises(CannotRate, match="its blocks differ from account to account"):
        price_of(example("water-per-person"), "water")


arrivals = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 31 * DAY_SECONDS - 1), st.integers(0, 90_000_000)), max_size=40
)


def _one_by_one(rows: list[tuple[int, int, int]]) -> list[int]:
    """The oracle: a counter and plain integers for each account."""
    price, counters = price_of(BENCH, "energy"), [Counter() for _ in range(5)]
    return [price(counters[account], START + second, quantity) for account, second, quantity in rows]


def _taken(till: Till, rows: list[tuple[int, int, int]]) -> list[int]:
    account, second, quantity = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    return [int(cost) for cost in till.take(account, second + START, quantity)]


@pytest.mark.parametrize("compiled", [False, True])
@settings(deadline=None, max_examples=40)
@given(rows=arrivals, cut=st.integers(0, 40))
def test_events_of_many_accounts_cost_what_each_costs_alone_in_the_order_they_arrive(
    compiled: bool, rows: list[tuple[int, int, int]], cut: int
) -> None:
    if compiled and not fast.installed():
        pytest.skip("the extra `fast` (numba) is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "worthwhile", lambda events: compiled and events > 0)
        till = Till.of(BENCH, "energy", 5)
        assert _taken(till, rows[:cut]) + _taken(till, rows[cut:]) == _one_by_one(rows)
    used = [sum(quantity for account, _, quantity in rows if account == who) for who in range(5)]
    assert till.used.tolist() == used


def test_events_too_large_for_64_bits_are_priced_by_python_integers() -> None:
    till = Till.of(BENCH, "energy", 5)
    rows = [(0, 0, 2**61), (1, 0, 5)]
    assert _taken(till, rows) == _one_by_one(rows)


@pytest.mark.parametrize("row", [(5, 0, 1), (-1, 0, 1), (0, 0, -1)], ids=["no such account", "before all", "negative"])
def test_an_impossible_event_is_refused_before_any_counter_moves(row: tuple[int, int, int]) -> None:
    till = Till.of(BENCH, "energy", 5)
    with pytest.raises(CannotRate, match="negative or of no known account"):
        _taken(till, [(1, 0, 7), row])
    assert not till.used.any()
