"""Uses charged live over HTTP come to what a quote of them says, whatever the tariff counts over the period."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.balances import book, verify
from core.billing.tables import invoice
from core.catalog import quote_json
from core.catalog import store as tariffs
from core.catalog.check import check
from core.catalog.queries import versions_between
from core.clock import SetClock
from core.journeys import live_closed
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.money import parse
from core.onboarding.model import Customer, NewMeter
from core.onboarding.register import register_customer
from core.parties.tables import account, service
from tests.gateway.conftest import World

BASE = "/tmf-api/prepayBalanceManagement/v4"
NUMBER = "30000001"
HEAD = """
tariff: go
valid_from: 2026-01-01
currency: KES
zone: Africa/Nairobi
name: {en: Go, sw: Go}
"""
CALLS = (
    '- {code: calls, type: event, meter: voice, unit: s, rates: [{steps: [{increment: "60", price: "3", per: "60"}]}]}'
)
EACH = '- {{code: calls, type: event, meter: voice, unit: s, rates: [{{connect: "{}", steps: [{{increment: "60", price: "0", per: "60"}}]}}]}}'
TIMED = '- {code: calls, type: event, meter: voice, unit: s, rates: [{steps: [{increment: "60", price: {day: "1.10", night: "0.20"}, per: "60"}]}]}'
NIGHT = """
times: [{code: night, from: "22:00", to: "06:00"}, {code: day}]
"""


@dataclass(frozen=True)
class Case:
    """A tariff, uses of it (kind, unit, quantity, instant), and what they come to before and after the period is closed."""

    tariff: str
    uses: Sequence[tuple[str, str, str, str]]
    before: str
    after: str | None = None


def every_hour(times: int, kind: str, unit: str, quantity: str, day: int = 2) -> list[tuple[str, str, str, str]]:
    return [(kind, unit, quantity, f"2026-03-{day + at // 8:02}T{8 + at % 8:02}:00:00+03:00") for at in range(times)]


CASES = {
    "an allowance that a call uses by the minute": Case(
        "allowances: [{code: free, meter: voice, unit: s, units: '600', charges: [calls], increment: '60'}]\n"
        f"charges:\n  {CALLS}",
        every_hour(10, "voice", "s", "61"), "30.00",
    ),
    "a night allowance is not eaten by the day": Case(
        f"{NIGHT}allowances: [{{code: free, meter: voice, unit: s, units: '600', charges: [calls], during: [night]}}]\n"
        f"charges:\n  {CALLS}",
        [*every_hour(5, "voice", "s", "120"), *[("voice", "s", "120", f"2026-03-0{3 + n}T23:00:00+03:00") for n in range(5)]],
        "30.00",
    ),
    "a maximum": Case(
        f"charges:\n  {EACH.format('0.50')}\n  - {{code: most, type: maximum, amount: '3', of: [calls]}}",
        every_hour(8, "voice", "s", "61"), "3.00",
    ),
    "a discount with a cap": Case(
        f"charges:\n  {EACH.format('0.54')}\n  - {{code: off, type: discount, percent: '10', cap: '0.10', of: [calls]}}",
        every_hour(10, "voice", "s", "61"), "5.30",
    ),
    "a minimum": Case(
        "charges:\n  - {code: sms, type: usage, meter: sms, unit: event, model: flat, price: '0.50'}\n"
        "  - {code: least, type: minimum, amount: '10', of: [sms]}\n"
        "  - {code: vat, type: tax, percent: '16', of: [sms, least]}",
        every_hour(6, "sms", "event", "1"), "3.48", "11.60",
    ),
    "a volume that gets cheaper": Case(
        "charges:\n  - {code: data, type: usage, meter: data, unit: MB, model: volume, "
        "tiers: [{up_to: '9', price: '3'}, {price: '2'}]}",
        every_hour(10, "data", "MB", "1"), "20.00",
    ),
    "what stands beside the uses": Case(
        "charges:\n  - {code: rental, type: fixed, per: month, price: '100'}\n"
        "  - {code: data, type: usage, meter: data, unit: MB, model: flat, price: '1.005'}\n"
        "  - {code: vat, type: tax, percent: '16', of: [rental, data]}",
        every_hour(3, "data", "MB", "1"), "3.50", "119.50",
    ),
}  # fmt: skip


async def a_line(world: World, tariff: str, mode: str = "prepaid", money: str = "500", **more: Any) -> str:
    """The id of the service of a line on this tariff with money in its purse."""
    meter = NewMeter("+254700000001", code="line", unit="event", kind="line", interval_minutes=None)
    given: dict[str, Any] = {"opened_on": date(2026, 1, 1), "commodity": "mobile", "tariff": "go"} | more
    async with world.house.db.writing() as conn:
        await tariffs.load(conn, world.house, tariffs.check(HEAD + tariff), by="test")
        made = await register_customer(
            conn, world.house, Customer("Amina", number=NUMBER, payment_mode=mode, meter=meter, **given)
        )
        mine = (await conn.execute(select(service.c.id).where(service.c.account_id == made.account_id))).scalar_one()
    await fill(world, money)
    return str(mine)


async def send(world: World, path: str, key: str, status: int = 201, **body: Any) -> Any:
    answer = await world.send("POST", f"{BASE}/{path}", json=body, headers={"Idempotency-Key": key})
    assert answer.status == status, await answer.text()
    return await answer.json()


async def fill(world: World, money: str, key: str = "fill") -> None:
    amount = {"amount": money, "units": "KES"}
    await send(world, "topupBalance", key, amount=amount, partyAccount={"name": NUMBER})


async def use(world: World, line: str, key: str, kind: str, unit: str, quantity: str, at: str, status: int = 201, **more: Any) -> Any:  # fmt: skip
    return await send(
        world, "deductBalance", key, status, amount={"amount": quantity, "units": unit}, product=[{"id": line}],
        usageType=kind, requestedDate=at, **more,
    )  # fmt: skip


async def purse(world: World) -> int:
    """Minor units in the purse; the books agree."""
    found = await (await world.get(f"{BASE}/bucket", params={"partyAccount.name": NUMBER})).json()
    await book.tick(world.house)
    async with world.house.db.reading() as conn:
        assert await verify.problems(conn) == []
    return sum(parse(str(one["remainingValue"]["amount"]), "KES") for one in found if one["usageType"] == "monetary")


async def quoted(world: World, uses: Sequence[tuple[str, str, str, str]], **more: Any) -> str:
    """What `POST /quote` and `hodi quote` say these uses come to in March."""
    rows = [{"meter": kind, "quantity": quantity, "at": at} for kind, _, quantity, at in uses]
    period = {"from": "2026-03-01", "to": "2026-04-01"}
    async with world.house.db.reading() as conn:
        versions = await versions_between(conn, "go", date(2026, 3, 1), date(2026, 4, 1))
    return str(quote_json.answered(versions, {"period": period, "usage": rows, **more})["total"])


async def april(world: World) -> None:
    """The period is over, and what falls due then is taken."""
    clock = world.house.clock
    assert isinstance(clock, SetClock)
    clock.forward(datetime(2026, 4, 1, 9, tzinfo=UTC) - clock.now())
    await live_closed.tick(world.house)


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
        await live_closed.tick(world.house)
        assert await purse(world) == 5_500 - 1_160


async def test_a_month_without_a_use_owes_what_stands_beside_uses(world: World) -> None:
    line = await a_line(world, CASES["what stands beside the uses"].tariff)
    await use(world, line, "u", "data", "MB", "3", "2026-03-02T08:00:00+03:00")
    await april(world)
    world.house.clock.forward(timedelta(days=31))  # the tests' clock can be moved
    await live_closed.tick(world.house)
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
        world, f"{NIGHT}charges:\n  - {{code: pays, type: usage, meter: payment, unit: event, model: percentage, "
        "percent: '2', fixed: '1', free_events: 1, maximum: '5'}\n" + f"  {TIMED}",
    )  # fmt: skip
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


async def test_a_use_of_a_month_that_was_billed_without_any_posts_the_rise(world: World) -> None:
    case = CASES["a minimum"]
    line = await a_line(world, case.tariff, mode="postpaid", opened_on=date(2026, 3, 1))
    await collected(world, 0, *case.uses[0])
    await april(world)
    assert await billed(world) == 1_160
    await use(world, line, "late", "sms", "event", "10", "2026-03-03T08:00:00+03:00")
    assert await purse(world) == 50_000, "less than the least, which the bill has"


async def billed(world: World) -> int:
    """The total of the customer's bills by now; the books agree."""
    assert (await close_cycles(world.house, world.house.today())).problems == ()
    async with world.house.db.reading() as conn:
        assert [one for one in await problems(conn) if NUMBER in one] == []
        mine = select(func.sum(invoice.c.total_minor)).join_from(invoice, account).where(account.c.number == NUMBER)
        return int((await conn.execute(mine)).scalar_one())


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


async def collected(world: World, number: int, kind: str, unit: str, quantity: str, at: str) -> None:
    said = {"line": "+254700000001", "quantity": quantity, "unit": unit}
    record = {
        "usageDate": at, "usageType": kind, "externalId": f"r{number}",
        "usageCharacteristic": [{"name": name, "value": value} for name, value in said.items()],
    }  # fmt: skip
    answer = await world.send("POST", "/tmf-api/usageManagement/v4/usage", json=record)
    assert answer.status == 201, await answer.text()
