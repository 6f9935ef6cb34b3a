"""One event as it arrives: the prices of a period's events sum to its bill before rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rating import JULY, START, TARIFF
from core.catalog.compile import load_tariff
from core.rating.errors import CannotRate
from core.rating.model import Batch, Events
from core.rating.online import Counter, denominator, price_of
from core.rating.rate import rate
from core.rating.times import DAY_SECONDS
from tests.bills.paper import example

EXACT = TARIFF.replace("currency: KES", 'currency: KES\nrounding: {line: none, total: "1"}')
events = st.lists(st.tuples(st.integers(0, 31 * DAY_SECONDS - 1), st.integers(0, 90_000_000)), max_size=20)


@settings(deadline=None, max_examples=50)
@given(events.map(sorted))
def test_the_events_of_a_period_sum_to_its_bill(rows: list[tuple[int, int]]) -> None:
    tariff = load_tariff(EXACT)
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
