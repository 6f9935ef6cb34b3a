"""Uses charged live on a postpaid line: the bill knows them, and takes off what was paid at once."""

from datetime import date, timedelta

import pytest

from core.clock import SetClock
from core.money import parse
from tests.gateway.admin.live_line import (
    CASES,
    a_line,
    april,
    billed,
    collected,
    purse,
    use,
)
from tests.gateway.conftest import World


@pytest.mark.parametrize("name", CASES)
async def test_the_bill_of_a_postpaid_line_takes_off_what_was_paid_at_once(world: World, name: str) -> None:
    """Half of the uses charged live, half collected for the bill: together they come to the quote of all."""
    case = CASES[name]
    line = await a_line(world, case.tariff, mode="postpaid", opened_on=date(2026, 3, 1))
    for number, one in enumerate(case.uses):
        if number % 2 or name == "a minimum":
            await use(world, line, f"u{number}", *one)
        else:
            await collected(world, number, *one)
    await april(world)
    assert 50_000 - await purse(world) + await billed(world) == parse(case.after or case.before, "KES")


async def test_a_use_that_is_charged_after_the_bill_posts_what_the_period_rises_by(world: World) -> None:
    case = CASES["a minimum"]
    line = await a_line(world, case.tariff, mode="postpaid", opened_on=date(2026, 3, 1))
    await use(world, line, "u", "sms", "event", "6", "2026-03-02T08:00:00+03:00")
    await april(world)
    assert (50_000 - await purse(world), await billed(world)) == (348, 1_160 - 348)
    await use(world, line, "late", "sms", "event", "10", "2026-03-03T08:00:00+03:00")
    assert 50_000 - await purse(world) == 348, "sixteen messages are still less than the least"
    await use(world, line, "later", "sms", "event", "10", "2026-03-03T09:00:00+03:00")
    assert 50_000 - await purse(world) + await billed(world) == 1_508


async def test_a_use_of_a_month_that_was_billed_without_any_posts_the_rise(world: World) -> None:
    case = CASES["a minimum"]
    line = await a_line(world, case.tariff, mode="postpaid", opened_on=date(2026, 3, 1))
    await collected(world, 0, *case.uses[0])
    await april(world)
    assert await billed(world) == 1_160
    await use(world, line, "late", "sms", "event", "10", "2026-03-03T08:00:00+03:00")
    assert await purse(world) == 50_000, "less than the least, which the bill has"


async def test_usage_that_comes_after_the_bill_is_put_right_beside_what_was_charged_live(world: World) -> None:
    """Ten calls, the last of which the switch sent a month late."""
    case = CASES["an allowance that a call uses by the minute"]
    line = await a_line(world, case.tariff, mode="postpaid", opened_on=date(2026, 3, 1))
    for number, one in enumerate(case.uses[:9]):
        await (use(world, line, f"u{number}", *one) if number % 2 else collected(world, number, *one))
    await april(world)
    assert 50_000 - await purse(world) + await billed(world) == 2_400
    await collected(world, 9, *case.uses[9])
    clock = world.app.clock
    assert isinstance(clock, SetClock)
    clock.forward(timedelta(days=30))
    await collected(world, 10, "voice", "s", "60", "2026-04-10T08:00:00+03:00")
    assert 50_000 - await purse(world) + await billed(world) == 3_000
