"""Half, most and all of a bucket are told once for each filling, in the customer's words, unless it is not true any more."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.balances import grant, low
from core.balances.model import Bucket, passed
from core.balances.words import plain, shown
from core.clock import SetClock
from core.context import App
from core.notices import compose
from core.notices.compose import Dropped, Message
from core.outbox.queue import claim, outbox
from tests.core.balances.world import MB, an_account, put, take


async def _told(app: App) -> list[str]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(outbox.c.key).order_by(outbox.c.id))
        return [key.rpartition(":")[2] for key in rows.scalars()]


async def test_each_threshold_is_told_once(app: App) -> None:
    account = await an_account(app)
    bucket = await put(app, account, 100)
    for at in range(100):
        await take(app, account, 1, f"k{at}")
    assert await _told(app) == ["50", "80", "100"]
    async with app.db.writing() as conn:
        await grant.top_up(conn, app, bucket, 10, key="t", why="", actor="job:test")
    await take(app, account, 4, "k100")
    assert await _told(app) == ["50", "80", "100"]
    await take(app, account, 1, "k101")
    assert await _told(app) == ["50", "80", "100", "50"]


async def test_a_jump_over_two_thresholds_tells_the_higher(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 100)
    await take(app, account, 85, "k")
    assert await _told(app) == ["80"]


async def test_the_notice_says_what_is_left_in_both_languages_and_not_once_it_was_filled(
    app: App, clock: SetClock
) -> None:
    account = await an_account(app)
    bucket = await put(app, account, 2_000 * MB, "Data", unit="MB")
    await take(app, account, 1_000 * MB, "k", unit="MB")
    async with app.db.writing() as conn:
        rows = await claim(conn, clock.now(), "w", 10)
        [letter] = await compose.compose(conn, app, rows)
        assert isinstance(letter, Message)
        assert letter.notice.text == "Mwangaza: you have used 50% of Data. 1 GB left. Dial *384*100# to see it."
        await grant.top_up(conn, app, bucket, MB, key="t", why="", actor="job:test")
        [dropped] = await compose.compose(conn, app, rows)
        assert isinstance(dropped, Dropped) and dropped.reason == "it was filled meanwhile"


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [(1250, "KES", "KES 12.50"), (5_999 * MB, "s", "99.98 min"), (1_500 * MB, "MB", "1.5 GB"), (512 * MB, "MB", "512 MB"),
     (20 * MB, "event", "20"), (100 * MB, "kWh", "100 kWh"), (0, "MB", "0 MB")],
)  # fmt: skip
def test_amounts_are_said_as_people_count_them_and_never_more_than_there_is(amount: int, unit: str, words: str) -> None:
    assert shown(amount, unit, "en") == words


def test_ten_is_ten_and_not_one() -> None:
    assert [plain(at * MB) for at in (10, 100)] == ["10", "100"]


def test_a_bucket_of_nothing_tells_nothing(clock: SetClock) -> None:
    empty = Bucket(
        1,
        1,
        None,
        "a",
        {},
        "MB",
        (),
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        clock.now(),
        clock.now() + timedelta(1),
        0,
        None,
        "open",
        clock.now(),
    )
    assert passed(empty, 0) is None


async def test_money_that_runs_low_is_told_once_a_crossing_below_the_operators_or_her_own_amount(
    app: App, clock: SetClock
) -> None:
    usual = app.operator.balances.model_copy(update={"low_money": "50"})
    told = replace(app, operator=app.operator.model_copy(update={"balances": usual}))
    account = await an_account(told)
    bucket = await put(told, account, 100_00, "Money", unit="KES")
    for at in range(4):
        await take(told, account, 20_00, f"k{at}", unit="KES")
    assert await _told(told) == ["5000", "80"], "40 is low, which says more than half; 20 is most of it"

    async def more(minor: int, key: str) -> None:
        async with app.db.writing() as conn:
            await grant.top_up(conn, app, bucket, minor, key=key, why="", actor="job:test")

    await more(10_00, "t1")
    await take(told, account, 1_00, "k5", unit="KES")
    assert (await _told(told))[2:] == [], "still below: no new crossing"
    await more(100_00, "t2")
    async with app.db.writing() as conn:
        await low.choose(conn, app, account, 100_00)
    await take(told, account, 30_00, "k6", unit="KES")
    assert (await _told(told))[2:] == ["10000"]
    async with app.db.writing() as conn:
        await low.choose(conn, app, account, 0)
        assert await low.amounts(conn, told, [account, 9]) == {account: 0, 9: 50_00}
        await low.choose(conn, app, account, None)
        assert await low.amounts(conn, told, [account]) == {account: 50_00}
        rows = [row for row in await claim(conn, clock.now(), "w", 10) if row.template == "bucket.low"]
        *_, letter = await compose.compose(conn, app, rows)
        assert isinstance(letter, Message)
        assert letter.notice.text == "Mwangaza: only KES 99 left in Money. Top up in time: *384*100#"
