"""Instalments within the operator's policy: equal to the cent, never of a contested cent, one at a time, and missed after their grace."""

from datetime import date, timedelta

import pytest

from core.clock import SetClock
from core.collections import arrange
from core.context import App
from core.errors import Refused
from tests.journeys.arrears_at_work import DUE, Late, a_late_account

TODAY = DUE + timedelta(days=1)


async def _account(app: App, clock: SetClock, minor: int = 50_000, disputed: int = 0) -> int:
    Late(app, clock).at(TODAY)
    async with app.db.writing() as conn:
        account_id, *_ = await a_late_account(conn, app, minor=minor, disputed=disputed)
    return account_id


async def test_an_offer_splits_what_is_overdue_and_not_contested(app: App, clock: SetClock) -> None:
    account_id = await _account(app, clock, disputed=9_999)
    async with app.db.writing() as conn:
        offered = await arrange.offer(conn, app, account_id)
    assert offered.total_minor == 40_001
    assert [[minor for _, minor in plan] for plan in offered.plans] == [
        [40_001],
        [20_001, 20_000],
        [13_334, 13_334, 13_333],
    ]
    assert [day for day, _ in offered.plans[2]] == [TODAY + timedelta(days=7 + 30 * n) for n in range(3)]


async def test_no_instalment_is_smaller_than_the_least(app: App, clock: SetClock) -> None:
    account_id = await _account(app, clock, minor=25_000)
    async with app.db.writing() as conn:
        assert len((await arrange.offer(conn, app, account_id)).plans) == 2


async def test_one_runs_at_a_time_and_the_same_key_is_the_same_arrangement(app: App, clock: SetClock) -> None:
    account_id = await _account(app, clock)
    async with app.db.writing() as conn:
        first = await arrange.agree(conn, app, account_id, 2, "k")
        assert await arrange.agree(conn, app, account_id, 3, "k") == first
        with pytest.raises(Refused, match="running"):
            await arrange.agree(conn, app, account_id, 2, "other")


async def test_who_broke_two_in_a_year_is_offered_no_more(app: App, clock: SetClock) -> None:
    account_id = await _account(app, clock)
    for n in range(2):
        async with app.db.writing() as conn:
            await arrange.promise(conn, app, account_id, app.today() + timedelta(days=1), f"p{n}")
        clock.forward(timedelta(days=4))
        async with app.db.writing() as conn:
            assert await arrange.review(conn, app, app.today()) == {"broken": 1}
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match="broken"):
            await arrange.offer(conn, app, account_id)


@pytest.mark.parametrize("days", [-1, 8])
async def test_a_promise_lies_within_the_week(app: App, clock: SetClock, days: int) -> None:
    account_id = await _account(app, clock)
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match="late"):
            await arrange.promise(conn, app, account_id, TODAY + timedelta(days=days), "k")


@pytest.mark.parametrize(
    ("left", "day", "state"),
    [
        (100, 10, "running"),
        (100, 12, "running"),
        (100, 13, "broken"),
        (50, 13, "running"),
        (50, 43, "broken"),
        (0, 43, "kept"),
    ],
)
def test_an_instalment_is_missed_after_its_days_of_grace(left: int, day: int, state: str) -> None:
    dues = [(date(2026, 3, 10), 50), (date(2026, 4, 9), 50)]
    on = date(2026, 3, 1) + timedelta(days=day - 1)
    assert arrange.judged(100, left, dues, on, 2) == state
