"""What a customer has beforehand is spent once: by order, by filter, by key, and by two hundred sessions at the same time."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest

from core.balances import expire, grant, queries
from core.balances.model import EXPIRED
from core.balances.spend import release
from core.clock import SetClock
from core.context import App
from core.errors import Refused
from tests.core.balances.world import an_account, free, hold, put, take, the, use


async def test_of_two_hundred_debits_at_once_a_balance_of_one_hundred_pays_exactly_one_hundred(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 100)

    async def one(at: int) -> bool:
        try:
            await take(app, account, 1, f"debit {at}")
        except Refused as why:
            assert why.code == "bucket.short"
            return False
        return True

    assert sum(await asyncio.gather(*(one(at) for at in range(200)))) == 100
    assert await free(app, account) == {"g": 0}


async def test_two_hundred_sessions_hold_and_use_no_unit_twice(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 100)

    async def session(at: int) -> int:
        try:
            await hold(app, account, 2, f"s{at}")
        except Refused:
            return 0
        return (await use(app, f"s{at}", at % 3)).amount

    used = sum(await asyncio.gather(*(session(at) for at in range(120))))
    assert await free(app, account) == {"g": 100 - used}


async def test_the_same_debit_again_is_the_same_debit(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 10)
    assert await take(app, account, 3, "once") == await take(app, account, 3, "once")
    assert await free(app, account) == {"g": 7}
    with pytest.raises(Refused, match=r"bucket\.key"):
        await take(app, account, 4, "once")


async def test_the_lowest_priority_pays_first_then_what_ends_soonest(app: App, clock: SetClock) -> None:
    account, now = await an_account(app), clock.now()
    await put(app, account, 5, "late", expires_at=now + timedelta(days=9))
    await put(app, account, 5, "soon", expires_at=now + timedelta(days=1))
    await put(app, account, 5, "first", priority=1)
    await put(app, account, 5, "never")
    await take(app, account, 12, "a")
    assert await free(app, account) == {"first": 0, "soon": 0, "late": 3, "never": 5}


async def test_a_bucket_pays_only_for_its_use_its_service_and_its_time(app: App, clock: SetClock) -> None:
    account = await an_account(app)
    await put(app, account, 5, "texts", uses=("sms",))
    await put(app, account, 5, "tomorrow", starts_at=clock.now() + timedelta(days=1))
    for wrong in ({"use": "voice"}, {}, {"use": "sms", "service_id": 1, "bucket_id": 77}):
        with pytest.raises(Refused, match=r"bucket\.short"):
            await take(app, account, 1, f"k{wrong}", **wrong)
    await take(app, account, 1, "fits", use="sms")
    assert await free(app, account) == {"texts": 4, "tomorrow": 5}


async def test_all_or_nothing_unless_part_will_do(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 5)
    with pytest.raises(Refused, match=r"bucket\.short"):
        await take(app, account, 6, "all")
    spent = await take(app, account, 6, "part", partly=True)
    assert (spent.amount, spent.short) == (5, 1)


async def test_a_shared_bucket_serves_other_accounts_too(app: App) -> None:
    parent, child, stranger = [await an_account(app, number) for number in (1, 2, 3)]
    shared = await put(app, parent, 10, shared_with=(child,))
    await take(app, child, 4, "child")
    assert await free(app, parent) == {"g": 6}
    with pytest.raises(Refused, match=r"bucket\.short"):
        await take(app, stranger, 1, "stranger")
    async with app.db.writing() as conn:
        await grant.share(conn, app, shared, stranger, actor="user:clerk")
        await grant.share(conn, app, shared, stranger, actor="user:clerk")
    await take(app, stranger, 1, "friend")
    assert await free(app, parent) == {"g": 5}


async def test_what_is_held_cannot_be_drawn_and_what_was_not_used_is_free_again(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 10)
    await hold(app, account, 8, "call")
    with pytest.raises(Refused, match=r"bucket\.short"):
        await take(app, account, 3, "other")
    assert (await use(app, "call", 5)).amount == 5
    assert (await use(app, "call", 5)).amount == 5
    assert await free(app, account) == {"g": 5}


async def test_use_beyond_what_was_held_is_drawn_from_what_is_free_and_the_rest_is_told(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 10)
    await hold(app, account, 4, "call")
    spent = await use(app, "call", 13)
    assert (spent.amount, spent.short) == (10, 3)
    assert await free(app, account) == {"g": 0}


async def test_a_released_reservation_is_over(app: App) -> None:
    account = await an_account(app)
    await put(app, account, 10)
    await hold(app, account, 4, "call")
    async with app.db.writing() as conn:
        assert await release(conn, app, "call")
        assert not await release(conn, app, "call")
    assert await free(app, account) == {"g": 10}
    with pytest.raises(Refused, match=r"bucket\.hold"):
        await use(app, "call", 1)


async def test_a_session_that_never_came_back_lets_go_and_is_still_charged_if_it_comes(
    app: App, clock: SetClock
) -> None:
    account = await an_account(app)
    await put(app, account, 10)
    await hold(app, account, 10, "call", minutes=5)
    clock.forward(timedelta(minutes=4))
    await expire.tick(app)
    assert await free(app, account) == {"g": 0}
    clock.forward(timedelta(minutes=1))
    assert await expire.tick(app) == 1
    assert await expire.tick(app) == 0
    assert await free(app, account) == {"g": 10}
    assert (await use(app, "call", 3)).amount == 3
    assert await free(app, account) == {"g": 7}


async def test_what_is_past_its_day_is_gone_but_not_what_a_session_holds(app: App, clock: SetClock) -> None:
    account = await an_account(app)
    bucket = await put(app, account, 10, expires_at=clock.now() + timedelta(minutes=5))
    await hold(app, account, 4, "call", minutes=60)
    clock.forward(timedelta(minutes=5))
    with pytest.raises(Refused, match=r"bucket\.short"):
        await take(app, account, 1, "late")
    await expire.tick(app)
    assert (await the(app, bucket)).amount == 4
    assert (await use(app, "call", 3)).amount == 3
    await expire.tick(app)
    assert ((await the(app, bucket)).amount, (await the(app, bucket)).state) == (0, EXPIRED)
    assert await free(app, account) == {}


async def test_what_is_left_lives_on_up_to_the_cap_for_as_long_as_was_promised(app: App, clock: SetClock) -> None:
    account = await an_account(app)
    ends = clock.now().replace(month=1, day=31)
    clock.instant = ends - timedelta(days=9)
    bucket = await put(app, account, 10, expires_at=ends, rollovers=1, rollover_cap=6)
    clock.instant = ends
    await expire.tick(app)
    assert await free(app, account) == {"g": 6}
    assert (await the(app, bucket)).expires_at == ends.replace(month=2, day=28)
    clock.instant = ends.replace(month=3)
    await expire.tick(app)
    assert await free(app, account) == {}


async def test_a_top_up_adds_to_what_is_there_once(app: App) -> None:
    account = await an_account(app)
    purse = await put(app, account, 500, "money", unit="KES")
    for _ in range(2):
        async with app.db.writing() as conn:
            await grant.top_up(conn, app, purse, 300, key="t", why="till", actor="key:1")
    assert await free(app, account) == {"money": 800}
    async with app.db.reading() as conn:
        found = await queries.purse(conn, account, "KES")
        assert found is not None and found.id == purse
        kinds = [(row.kind, row.amount) for row in await queries.movements(conn, account)]
    assert sorted(kinds) == [("granted", 300), ("granted", 500)]


@pytest.mark.parametrize("amount", [0, -5])
async def test_nothing_and_less_than_nothing_are_no_amounts(app: App, amount: int) -> None:
    account, keys = await an_account(app), count()
    await put(app, account, 5)
    for verb in (take, hold):
        with pytest.raises(Refused, match=r"bucket\.amount"):
            await verb(app, account, amount, f"k{next(keys)}")
    with pytest.raises(Refused, match=r"bucket\.amount"):
        await put(app, account, amount, "g2")
