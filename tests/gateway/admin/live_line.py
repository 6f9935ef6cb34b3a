"""A line that pays by the use: tariffs that count over the period, uses of them, and the ways to charge, bill and quote them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, select

from core.balances import book, verify
from core.billing.tables import invoice
from core.catalog import quote_json
from core.catalog import store as tariffs
from core.catalog.queries import versions_between
from core.clock import SetClock
from core.journeys import live_closed
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.money import parse
from core.onboarding.model import NewCustomer, NewMeter
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
    async with world.app.db.writing() as conn:
        await tariffs.load(conn, world.app, tariffs.check(HEAD + tariff), by="test")
        made = await register_customer(
            conn, world.app, NewCustomer("Amina", number=NUMBER, payment_mode=mode, meter=meter, **given)
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


async def use(
    world: World, line: str, key: str, kind: str, unit: str, quantity: str, at: str, status: int = 201, **more: Any
) -> Any:
    return await send(
        world,
        "deductBalance",
        key,
        status,
        amount={"amount": quantity, "units": unit},
        product=[{"id": line}],
        usageType=kind,
        requestedDate=at,
        **more,
    )


async def purse(world: World) -> int:
    """Minor units in the purse; the books agree."""
    found = await (await world.get(f"{BASE}/bucket", params={"partyAccount.name": NUMBER})).json()
    await book.tick(world.app)
    async with world.app.db.reading() as conn:
        assert await verify.problems(conn) == []
    return sum(parse(str(one["remainingValue"]["amount"]), "KES") for one in found if one["usageType"] == "monetary")


async def quoted(world: World, uses: Sequence[tuple[str, str, str, str]], **more: Any) -> str:
    """What `POST /quote` and `hodi quote` say these uses come to in March."""
    rows = [{"meter": kind, "quantity": quantity, "at": at} for kind, _, quantity, at in uses]
    period = {"from": "2026-03-01", "to": "2026-04-01"}
    async with world.app.db.reading() as conn:
        versions = await versions_between(conn, "go", date(2026, 3, 1), date(2026, 4, 1))
    return str(quote_json.answered(versions, {"period": period, "usage": rows, **more})["total"])


async def april(world: World) -> None:
    """The period is over, and what falls due then is taken."""
    clock = world.app.clock
    assert isinstance(clock, SetClock)
    clock.forward(datetime(2026, 4, 1, 9, tzinfo=UTC) - clock.now())
    await live_closed.tick(world.app)


async def billed(world: World) -> int:
    """The total of the customer's bills by now; the books agree."""
    assert (await close_cycles(world.app, world.app.today())).problems == ()
    async with world.app.db.reading() as conn:
        assert [one for one in await problems(conn) if NUMBER in one] == []
        mine = select(func.sum(invoice.c.total_minor)).join_from(invoice, account).where(account.c.number == NUMBER)
        return int((await conn.execute(mine)).scalar_one())


async def collected(world: World, number: int, kind: str, unit: str, quantity: str, at: str) -> None:
    said = {"line": "+254700000001", "quantity": quantity, "unit": unit}
    record = {
        "usageDate": at,
        "usageType": kind,
        "externalId": f"r{number}",
        "usageCharacteristic": [{"name": name, "value": value} for name, value in said.items()],
    }
    answer = await world.send("POST", "/tmf-api/usageManagement/v4/usage", json=record)
    assert answer.status == 201, await answer.text()
