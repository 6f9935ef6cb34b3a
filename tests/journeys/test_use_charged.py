"""A use is paid by bundles first, then by money at the price the tariff's total rises by; all or nothing, and once."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from core.balances import book, verify
from core.balances.expire import tick
from core.catalog import store as tariffs
from core.clock import SetClock
from core.context import App
from core.errors import Refused
from core.journeys.use_charged import LiveCharge, LiveUse, charge
from core.journeys.verify_books import problems
from core.ledger.queries import balance
from core.onboarding.model import Registered
from core.parties.tables import service_plan
from tests.core.balances.world import MB, free, put
from tests.core.metering.events.world import a_line
from tests.house.sources import ROOT

TARIFF = """
tariff: go
valid_from: 2026-01-01
currency: KES
name: {en: Go, sw: Go}
rounding: {line: "0.01"}
destinations: {home: ["07"], abroad: ["00"]}
charges:
  - {code: rental, type: fixed, per: month, price: "100"}
  - {code: data, type: usage, meter: data, unit: MB, model: graduated, tiers: [{up_to: "10", price: "1"}, {price: "0.5"}]}
  - code: calls
    type: event
    meter: voice
    unit: min
    rates:
      - {to: [home], connect: "0.10", steps: [{increment: "1", price: "2"}]}
  - {code: vat, type: tax, percent: "16", of: [data, calls]}
"""


@pytest.fixture
async def line(app: App, clock: SetClock) -> Registered:
    async with app.db.writing() as conn:
        await tariffs.load(conn, app, tariffs.check(TARIFF), by="test")
    return await a_line(app, tariff="go")


async def use(
    app: App, line: Registered, kind: str, unit: str, units: int, key: str, to: str | None = None
) -> LiveCharge:
    async with app.db.writing() as conn:
        return await charge(conn, app, LiveUse(line.service_id, kind, unit, units * MB, destination=to), key=key)


async def test_bundles_pay_first_and_money_the_rest(app: App, line: Registered) -> None:
    await put(app, line.account_id, 5 * MB, "data", unit="MB", uses=("data",), service_id=line.service_id)
    await put(app, line.account_id, 10_000, "money", unit="KES", priority=90)
    assert await use(app, line, "data", "MB", 3, "a") == LiveCharge(3 * MB, 0, "KES")
    assert await use(app, line, "data", "MB", 4, "b") == LiveCharge(2 * MB, 232, "KES")
    assert await use(app, line, "data", "MB", 4, "b") == LiveCharge(2 * MB, 232, "KES")
    assert await free(app, line.account_id) == {"data": 0, "money": 9_768}


async def test_all_uses_of_a_period_come_to_what_its_bill_would(app: App, clock: SetClock, line: Registered) -> None:
    await put(app, line.account_id, 10_000, "money", unit="KES")
    prices = [(await use(app, line, "data", "MB", 4, f"k{at}")).money_minor for at in range(4)]
    assert sum(prices) == (10 * 100 + 6 * 50) * 116 // 100
    clock.forward(timedelta(days=31))
    assert (await use(app, line, "data", "MB", 4, "next")).money_minor == 464


async def test_a_call_costs_by_where_it_goes_its_started_minutes_and_its_connect_fee(
    app: App, line: Registered
) -> None:
    await put(app, line.account_id, 10_000, "money", unit="KES")
    assert (await use(app, line, "voice", "s", 61, "a", "0711111111")).money_minor == 410 + 66  # and its VAT
    for wrong in ("999", None):
        with pytest.raises(Refused, match=r"bucket\.no_price"):
            await use(app, line, "voice", "s", 61, f"b{wrong}", wrong)
    with pytest.raises(Refused, match=r"bucket\.no_price"):
        await use(app, line, "mms", "event", 1, "c")


async def test_the_mobile_examples_tariff_by_the_time_of_day_with_its_free_minutes(
    app: App, clock: SetClock, line: Registered
) -> None:
    text = (ROOT / "examples" / "tariffs" / "mobile-bundle.yaml").read_text().replace("GBP", "KES")
    async with app.db.writing() as conn:
        await tariffs.load(conn, app, tariffs.check(text.replace("one2one-precept-100", "precept")), by="test")
        await conn.execute(update(service_plan).values(tariff="precept"))
    await put(app, line.account_id, 10_000, "money", unit="KES")
    prices = {
        "other mobiles by day, 1.5 min": await use(app, line, "voice", "s", 90, "a", "07999"),
        "a landline, 99 of 100 free": await use(app, line, "voice", "s", 99 * 60, "b", "0123"),
        "a landline, the last free minute and one more": await use(app, line, "voice", "s", 120, "c", "0123"),
        "a landline, beyond": await use(app, line, "voice", "s", 60, "d", "0123"),
        "a text": await use(app, line, "sms", "event", 1, "e", "07999"),
    }
    assert [one.money_minor for one in prices.values()] == [30, 0, 5, 5, 10]


async def test_too_little_money_leaves_bundles_and_counters_as_they_were(app: App, line: Registered) -> None:
    await put(app, line.account_id, 5 * MB, "data", unit="MB")
    await put(app, line.account_id, 100, "money", unit="KES")
    with pytest.raises(Refused, match=r"bucket\.short"):
        await use(app, line, "data", "MB", 20, "a")
    assert await free(app, line.account_id) == {"data": 5 * MB, "money": 100}
    assert await use(app, line, "data", "MB", 5, "a") == LiveCharge(5 * MB, 0, "KES")


async def test_sessions_at_the_same_time_pay_what_they_would_one_after_the_other(app: App, line: Registered) -> None:
    await put(app, line.account_id, 100_000, "money", unit="KES")
    prices = await asyncio.gather(*(use(app, line, "data", "MB", 1, f"k{at}") for at in range(20)))
    assert sum(one.money_minor for one in prices) == (10 * 100 + 10 * 50) * 116 // 100


async def test_an_ended_service_and_one_without_a_plan_are_refused(app: App, line: Registered) -> None:
    async with app.db.writing() as conn:
        await conn.execute(update(service_plan).values(from_date=date(2027, 1, 1)))
    with pytest.raises(Refused, match=r"bucket\.no_price"):
        await use(app, line, "data", "MB", 1, "a")
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"bucket\.no_service"):
            await charge(conn, app, LiveUse(77, "data", "MB", 1), key="x")


async def test_the_ledger_knows_the_money_in_buckets(app: App, line: Registered) -> None:
    await put(app, line.account_id, 1_000, "gift", unit="KES")
    await put(app, line.account_id, 500, "till", unit="KES", gift=False, expires_at=app.clock.now() + timedelta(days=1))
    await use(app, line, "data", "MB", 2, "a")

    async def books() -> list[int]:
        async with app.db.reading() as conn:
            assert await verify.problems(conn) == []
            assert await problems(conn) == []
            owned = await balance(conn, "purse", line.account_id, "KES")
            return [owned, *[await balance(conn, code, 0, "KES") for code in ("revenue", "rewards_cost", "suspense")]]

    assert await books() == [-1_500, 0, 1_000, 500]
    assert await book.tick(app) == 1
    assert await books() == [-1_268, -232, 1_000, 500]
    app.clock.forward(timedelta(days=2))  # the tests' clock can be moved
    await tick(app)
    assert await book.tick(app) == 1
    assert await book.tick(app) == 0
    assert await books() == [-1_000, -500, 1_000, 500]


async def test_an_instant_is_priced_in_its_own_period(app: App, line: Registered) -> None:
    await put(app, line.account_id, 10_000, "money", unit="KES")
    await use(app, line, "data", "MB", 10, "now")
    async with app.db.writing() as conn:
        then = LiveUse(line.service_id, "data", "MB", MB, datetime(2026, 2, 10, tzinfo=UTC))
        assert (await charge(conn, app, then, key="then")).money_minor == 116
