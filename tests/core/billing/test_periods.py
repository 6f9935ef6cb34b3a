"""Bill days 1 to 31, kept through short months; periods tile the time."""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.billing.periods import close_after, close_day, close_up_to, cycles_json, periods

DAYS = st.dates(date(1999, 1, 1), date(2105, 1, 1))


def test_an_anchor_of_31_never_drifts() -> None:
    closes = [close_day(2026, month, 31) for month in (1, 2, 3, 4)]
    assert closes == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert close_day(2028, 2, 31) == close_day(2028, 2, 29) == close_day(2028, 2, 30) == date(2028, 2, 29)


def test_four_anchors_close_together_on_the_last_of_february() -> None:
    assert {close_day(2026, 2, anchor) for anchor in (28, 29, 30, 31)} == {date(2026, 2, 28)}


@pytest.mark.parametrize(
    "anchor, from_, to, expected",
    [
        (1, "2023-01-20", "2023-04-10", ["12/31", "1", "1", "3/10"]),
        (31, "2026-01-31", "2026-03-31", ["1", "1"]),
        (15, "2026-02-15", "2026-02-24", ["9/28"]),
        (15, "2028-02-15", "2028-02-24", ["9/29"]),
        (30, "2026-02-10", "2026-03-30", ["18/29", "1"]),
        (5, "2026-05-05", "2026-05-05", []),
    ],
)
def test_short_periods_are_their_days_over_the_days_of_the_whole(
    anchor: int, from_: str, to: str, expected: list[str]
) -> None:
    found = cycles_json(anchor, date.fromisoformat(from_), date.fromisoformat(to))
    assert [row["fraction"] for row in found] == expected
    if found:
        assert (found[0]["from"], found[-1]["to"]) == (from_, to)


def test_a_bill_day_of_32_is_refused() -> None:
    with pytest.raises(ValueError, match="32 is no bill day"):
        close_day(2026, 1, 32)


@given(anchor=st.integers(1, 31), from_=DAYS, length=st.integers(0, 900))
def test_periods_tile_the_time_and_close_on_the_anchor(anchor: int, from_: date, length: int) -> None:
    to = from_ + timedelta(days=length)
    found = periods(anchor, from_, to)
    edges = [from_, *(end for _, end, _ in found)]
    assert [start for start, _, _ in found] == edges[:-1]
    assert edges[-1] == to
    for start, end, fraction in found[:-1]:
        assert end.day == min(anchor, monthrange(end.year, end.month)[1])
        assert fraction == 1 or start == from_
    assert all(0 < fraction <= 1 for _, _, fraction in found)
    assert all(isinstance(fraction, Fraction) for _, _, fraction in found)


@given(anchor=st.integers(1, 31), day=DAYS)
def test_every_day_lies_in_one_whole_period(anchor: int, day: date) -> None:
    first, last = close_up_to(anchor, day), close_after(anchor, day)
    assert first <= day < last
    assert 28 <= (last - first).days <= 31
    assert close_after(anchor, first) == last
