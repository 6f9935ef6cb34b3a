"""Uses charged live over HTTP come to what a quote of them says, whatever the tariff counts over the period."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from core.balances import verify
from core.catalog import store as tariffs
from core.catalog.check import check
from core.journeys import live_closed
from core.metering.live.tables import live_paid
from core.money import parse
from core.parties.tables import service, service_plan
from tests.gateway.admin.live_line import (
    CALLS,
    CASES,
    HEAD,
    NIGHT,
    TIMED,
    a_line,
    april,
    fill,
    purse,
    quoted,
    send,
    use,
)
from tests.gateway.conftest import World


@pytest.mark.parametrize("name", CASES)
async def test_live_charges_come_to_the_quote_of_the_same_uses(world: World, name: str) -> None:
    case = CASES[name]
    line = await a_line(world, case.tariff)
    taken = 0
    for number, one in enumerate(case.uses):
        told = await use(world, line, f"u{number}", *one)
        assert await use(world, line, f"u{number}", *one) == told
        taken += round(told["moneyUsed"]["amount"] * 100)
    left = await purse(world)
    assert (50_000 - left, taken) == (parse(case.before, "KES"), parse(case.before, "KES"))
    await april(world)
    after = case.after or case.before
    assert 50_000 - await purse(world) == parse(after, "KES")
    assert await quoted(world, case.uses) == after
    await april(world)
    assert 50_000 - await purse(world) == parse(after, "KES")


async def test_what_a_bundle_leaves_is_priced_when_it_happens(world: World) -> None:
    line = await a_line(world, f"{NIGHT}charges:\n  {TIMED}")
    await send(
        world, "topupBalance", "b", amount={"amount": 10, "units": "min"}, product=[{"id": line}], usageType="voice"
    )
    told = await use(world, line, "u", "voice", "s", "780", "2026-03-02T21:51:00+03:00")
    assert (told["unitsUsed"], told["moneyUsed"]["amount"]) == ({"amount": 600, "units": "s"}, 0.6)


async def test_a_late_use_posts_the_difference_even_when_the_period_is_closed(world: World) -> None:
    case = CASES["a night allowance is not eaten by the day"]
    line = await a_line(world, case.tariff)
    uses = list(case.uses)
    for number, one in reversed(list(enumerate(uses[2:]))):
        await use(world, line, f"u{number}", *one)
    assert 50_000 - await purse(world) == parse(await quoted(world, uses[2:]), "KES")
    await april(world)
    for number, one in enumerate(uses[:2]):
        await use(world, line, f"late{number}", *one)
    assert 50_000 - await purse(world) == parse(await quoted(world, uses), "KES")


async def test_what_falls_due_at_the_end_and_is_not_there_is_taken_when_money_comes(world: World) -> None:
    line = await a_line(world, CASES["a minimum"].tariff, money="5")
    await use(world, line, "u", "sms", "event", "6", "2026-03-02T08:00:00+03:00")
    await april(world)
    assert await purse(world) == 0
    await fill(world, "50", "more")
    for _ in range(2):
        await live_closed.tick(world.app)
        assert await purse(world) == 5_500 - 1_160


async def test_a_month_without_a_use_owes_what_stands_beside_uses(world: World) -> None:
    line = await a_line(world, CASES["what stands beside the uses"].tariff)
    await use(world, line, "u", "data", "MB", "3", "2026-03-02T08:00:00+03:00")
    await april(world)
    world.app.clock.forward(timedelta(days=31))  # the tests' clock can be moved
    await live_closed.tick(world.app)
    assert 50_000 - await purse(world) == 11_950 + 11_600


REFUSED = {
    "rolls_over": "allowances: [{code: free, meter: voice, unit: s, units: '60', charges: [calls], rollover: {periods: 1}}]\n",
    "shared": "allowances: [{code: free, meter: voice, unit: s, units: '60', charges: [calls], shared: true}]\n",
    "attribute": "",
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_cannot_be_charged_live_is_refused_and_the_check_says_so(world: World, why: str) -> None:
    """The closed list of docs/tariff-language.md."""
    more = "\n  - {code: lamps, type: fixed, price: '1', count_by: lamps}" if why == "attribute" else ""
    text = f"{REFUSED[why]}charges:\n  {CALLS}{more}"
    line = await a_line(world, text)
    told = await use(world, line, "u", "voice", "s", "61", "2026-03-02T08:00:00+03:00", 409)
    assert told["code"] == f"bucket.not_live.{why}" and told["reason"]
    assert "live" in [one.where.removeprefix("tariff, ") for one in check(HEAD + text)]
    assert await purse(world) == 50_000


async def test_a_share_of_what_a_use_is_about_and_a_time_without_a_zone(world: World) -> None:
    line = await a_line(
        world,
        f"{NIGHT}charges:\n  - {{code: pays, type: usage, meter: payment, unit: event, model: percentage, "
        "percent: '2', fixed: '1', free_events: 1, maximum: '5'}\n" + f"  {TIMED}",
    )
    taken = []
    for number, value in enumerate(("100", "100", "1000")):
        about = {"value": {"amount": value, "units": "KES"}}
        at = f"2026-03-02T0{number + 1}:00:00+03:00"
        taken.append(
            (await use(world, line, f"u{number}", "payment", "event", "1", at, **about))["moneyUsed"]["amount"]
        )
    assert taken == [0, 3, 5]
    foreign = {"value": {"amount": "5", "units": "EUR"}}
    await use(world, line, "e", "payment", "event", "1", "2026-03-02T09:00:00+03:00", 409, **foreign)
    told = await use(world, line, "local", "voice", "s", "60", "2026-03-02T05:59:00")
    assert told["moneyUsed"]["amount"] == 0.2, "one minute before the night ends where the operator is"


async def test_uses_at_the_same_time_and_their_repeats_come_to_the_quote(world: World) -> None:
    """A volume that gets cheaper: what one gives back depends on all others."""
    case = CASES["a volume that gets cheaper"]
    line = await a_line(world, case.tariff)
    both = [use(world, line, f"u{number}", *one) for number, one in enumerate(case.uses) for _ in range(2)]
    await asyncio.gather(*both)
    assert 50_000 - await purse(world) == parse(await quoted(world, case.uses), "KES")


async def test_too_little_money_refuses_the_use_and_counts_nothing(world: World) -> None:
    case = CASES["a volume that gets cheaper"]
    line = await a_line(world, case.tariff, money="27")
    for number, one in enumerate(case.uses[:9]):
        await use(world, line, f"u{number}", *one)
    assert await purse(world) == 0
    await use(world, line, "more", "data", "MB", "20", "2026-03-05T08:00:00+03:00", 409)
    assert await purse(world) == 0
    await use(world, line, "u9", *case.uses[9])
    assert await purse(world) == 700, "what makes all others cheaper costs less than nothing"


async def test_a_plan_that_changes_and_a_service_that_ends_pay_for_their_days(world: World) -> None:
    """Fourteen days at 1, seventeen at 2, nine of April; the use was on the first plan alone."""
    text = "charges:\n  - {code: rental, type: fixed, per: day, price: '1'}\n" + f"  {CALLS}"
    line = await a_line(world, text)
    async with world.app.db.writing() as conn:
        other = HEAD.replace("tariff: go", "tariff: faster") + text.replace("'1'", "'2'")
        await tariffs.load(conn, world.app, tariffs.check(other), by="test")
        await conn.execute(update(service_plan).values(to_date=date(2026, 3, 15)))
        row = {
            "id": world.app.ids.take(),
            "service_id": int(line),
            "tariff": "faster",
            "from_date": date(2026, 3, 15),
        }
        await conn.execute(insert(service_plan).values(row))
    await use(world, line, "u", "voice", "s", "61", "2026-03-02T08:00:00+03:00")
    await april(world)
    await live_closed.tick(world.app)
    assert 50_000 - await purse(world) == 600 + 1_400 + 3_400
    async with world.app.db.writing() as conn:
        ended = update(service).where(service.c.id == int(line))
        await conn.execute(ended.values(state="ended", ended_on=date(2026, 4, 10)))
    for _ in range(3):
        world.app.clock.forward(timedelta(days=31))  # the tests' clock can be moved
        await live_closed.tick(world.app)
    assert 50_000 - await purse(world) == 600 + 1_400 + 3_400 + 1_800


async def test_two_lines_of_one_account_pay_from_one_purse_at_the_same_time(world: World) -> None:
    case = CASES["a maximum"]
    first = await a_line(world, case.tariff)
    async with world.app.db.writing() as conn:
        mine = (await conn.execute(select(service).where(service.c.id == int(first)))).one()._asdict()
        plan = (await conn.execute(select(service_plan).where(service_plan.c.service_id == int(first)))).one()._asdict()
        second = world.app.ids.take()
        await conn.execute(insert(service).values(mine | {"id": second}))
        await conn.execute(insert(service_plan).values(plan | {"id": world.app.ids.take(), "service_id": second}))
    await asyncio.gather(
        *(
            use(world, line, f"{line}:{number}", *one)
            for number, one in enumerate(case.uses)
            for line in (first, str(second))
        )
    )
    assert 50_000 - await purse(world) == 2 * parse(case.before, "KES")


async def test_a_tariff_that_begins_or_ends_in_the_month_serves_the_days_it_has(world: World) -> None:
    line = await a_line(world, f"valid_to: 2026-03-20\ncharges:\n  {CALLS}")
    async with world.app.db.writing() as conn:
        other = HEAD.replace("2026-01-01", "2026-04-05") + f"charges:\n  {CALLS}"
        await tariffs.load(conn, world.app, tariffs.check(other), by="test")
    asked = ("voice", "s", "60")
    for number, (day, status) in enumerate(
        (("03-02", 201), ("03-19", 201), ("03-21", 404), ("04-04", 404), ("04-06", 201))
    ):
        await use(world, line, f"u{number}", *asked, f"2026-{day}T08:00:00+03:00", status)
    assert 50_000 - await purse(world) == 900


async def test_the_books_tell_when_what_was_charged_is_not_what_was_paid(world: World) -> None:
    line = await a_line(world, CASES["a maximum"].tariff)
    await use(world, line, "u", *CASES["a maximum"].uses[0])
    await purse(world)
    async with world.app.db.writing() as conn:
        await conn.execute(update(live_paid).values(minor=live_paid.c.minor - 1))
        [told] = await verify.problems(conn)
    assert told.endswith("of uses charged live came to 50, of which 49 was paid and 0 is owed")
