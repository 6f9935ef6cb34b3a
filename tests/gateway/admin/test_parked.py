"""Months that nobody billed: seen with their money, taken up, billed on an estimate or skipped; by the page, the job and the command."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.approvals.tables import approval
from core.audit.trail import audit
from core.billing import queries
from core.billing.tables import cycle, invoice
from core.catalog import store as catalog
from core.clock import SetClock
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import never_billed, problems
from core.metering.store import readings
from core.metering.store.readings import Read
from core.metering.units import MICRO
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_customer
from core.parties.tables import service
from scheduler.jobs import JOBS
from tests.gateway.admin.console import Browser, signed_in
from tests.gateway.conftest import World

FLAT = """
tariff: flat
valid_from: 2020-01-01
currency: KES
name: {en: Flat}
rounding: {line: "0.01"}
charges:
  - {code: water, type: usage, meter: water, unit: m3, model: flat, price: "10.00"}
  - {code: rent, type: fixed, price: "50.00", per: period}
"""
JAN, FEB, MAR = (date(2026, month, 1) for month in (1, 2, 3))


@pytest.fixture
async def tap(world: World, tmp_path: Path) -> Registered:
    """A water meter read by hand, of which January is read (40 m3) and February not; the run of March has parked it."""
    app = world.app
    (tmp_path / "flat.yaml").write_text(FLAT)
    meter = NewMeter("W1", code="water", unit="m3", kind="register", interval_minutes=None)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, tmp_path)
        made = await register_customer(
            conn,
            app,
            NewCustomer(
                "Wanjiku",
                number="20000001",
                branch="nakuru",
                opened_on=JAN,
                commodity="water",
                tariff="flat",
                meter=meter,
            ),
        )
    await read(app, (JAN, 100), (FEB, 140))
    await close_cycles(app, FEB)
    await close_cycles(app, MAR)
    return made


async def read(app: App, *shown: tuple[date, int]) -> None:
    async with app.db.writing() as conn:
        await readings.record(conn, app, [Read("W1", day, units * MICRO) for day, units in shown])


async def bills(app: App, account_id: int) -> dict[date, int]:
    async with app.db.reading() as conn:
        return {one.from_date: one.total_minor for one in await queries.last_bills(conn, account_id, limit=9)}


async def tick(app: App) -> object:
    [job] = [one for one in JOBS if one.name == "bills due"]
    return await job.run(app)


def path_of(text: str) -> str:
    found = re.search(r"/console/parked/\d+", text)
    assert found
    return found[0]


async def of_tap(browser: Browser) -> str:
    return path_of(await browser.get("/console/parked"))


async def test_a_parked_month_is_shown_with_why_and_about_how_much(world: World, tap: Registered) -> None:
    browser = await signed_in(world.client, world.app)
    text = await browser.get("/console/parked")
    assert "Wanjiku" in text and "There are no readings of meter W1" in text
    assert "KES 406" in text, "450 for 31 days of January, so 28 days of February"
    one = await browser.get(path_of(text))
    assert 'value="36.129032"' in one, "40 m3 in 31 days are so much in 28"
    assert "1 Feb 2026 to 28 Feb 2026" in one
    assert "KES 406" in await browser.get("/console/day")
    async with world.app.db.reading() as conn:
        [told] = await never_billed(conn, world.app)
    assert "1 months are not billed" in told and "KES 406" in told


async def test_what_was_missing_comes_and_the_run_takes_the_month_up_by_itself_once(
    world: World, tap: Registered, clock: SetClock
) -> None:
    app = world.app
    await read(app, (MAR, 160))
    clock.forward(timedelta(hours=1))
    for _ in range(3):
        await tick(app)
    assert await bills(app, tap.account_id) == {JAN: 45_000, FEB: 25_000}, "20 m3 and the rent, of February alone"
    async with app.db.reading() as conn:
        assert await never_billed(conn, app) == []
        assert [one for one in await problems(conn) if "never given" not in one] == []


async def test_the_job_leaves_it_alone_for_an_hour_and_a_command_does_not(world: World, tap: Registered) -> None:
    app = world.app
    await read(app, (MAR, 160))
    await tick(app)
    assert list(await bills(app, tap.account_id)) == [JAN]
    await close_cycles(app, app.today())
    assert set(await bills(app, tap.account_id)) == {JAN, FEB}


async def test_a_clerk_takes_it_up_and_is_refused_with_the_reason_while_it_cannot_be_billed(
    world: World, tap: Registered
) -> None:
    browser, app = await signed_in(world.client, world.app, "finance"), world.app
    path = await of_tap(browser)
    assert "It still cannot be billed" in await browser.post(path, 409, do="again")
    await read(app, (MAR, 160))
    assert "KES 250" in await browser.get(path)
    await browser.post(path, do="again")
    await tick(app)
    assert (await bills(app, tap.account_id))[FEB] == 25_000
    await browser.post(path, 404, do="again")


async def test_an_estimate_is_billed_marked_and_put_right_by_the_next_reading(
    world: World, tap: Registered, clock: SetClock
) -> None:
    browser, app = await signed_in(world.client, world.app, "finance"), world.app
    path = await of_tap(browser)
    use = f"use:{tap.service_id}:water"
    assert "Say why" in await browser.post(path, 400, do="estimate", **{use: "30"})
    for wrong in ("-1", "x", "1e99"):
        await browser.post(path, 400, do="estimate", reason="no access", **{use: wrong})
    await browser.post(path, do="estimate", reason="no access", **{use: "30"})
    await tick(app)
    async with app.db.reading() as conn:
        last = (await queries.last_bills(conn, tap.account_id))[0]
        assert (last.from_date, last.total_minor, last.estimated) == (FEB, 35_000, True)
        noted = (
            await conn.execute(select(audit.c.actor, audit.c.details).where(audit.c.action == "bill.on_estimate"))
        ).one()
        assert noted.actor == "user:finance-none" and noted.details["why"] == "no access"
    april = date(2026, 4, 1)
    clock.forward(timedelta(days=22))
    await read(app, (MAR, 160), (april, 170))
    await close_cycles(app, april)
    assert (await bills(app, tap.account_id))[MAR] == 15_000 - 10_000, "March, less 10 m3 that February never used"


@pytest.mark.parametrize(
    ("typed", "total"), [("1,030.5", 1_035_500), ("1 030.5 m3", 1_035_500), ("30.5", 35_500), ("٣٠", 35_000)]
)
async def test_an_estimate_is_read_as_the_console_writes(world: World, tap: Registered, typed: str, total: int) -> None:
    browser, app = await signed_in(world.client, world.app, "finance"), world.app
    path, use = await of_tap(browser), f"use:{tap.service_id}:water"
    for wrong in ("12,50", "1.234.567", "1e3", "1_000", "1,,5", "12,5", "5 kWh"):
        told = await browser.post(path, 400, do="estimate", reason="no access", **{use: wrong})
        assert f'value="{wrong}"' in told, "what was typed stays"
    await browser.post(path, do="estimate", reason="no access", **{use: typed})
    await tick(app)
    assert (await bills(app, tap.account_id))[FEB] == total


async def test_a_meter_that_the_month_has_not_is_not_estimated(world: World, tap: Registered) -> None:
    """The name of the field names a service: one of another branch does not exist."""
    browser, app = await signed_in(world.client, world.app, "finance"), world.app
    path = await of_tap(browser)
    async with app.db.reading() as conn:
        other = await conn.scalar(select(service.c.id).where(service.c.account_id == world.kisumu.account_id))
    for use in (f"use:{other}:water", f"use:{tap.service_id}:gas", "use:", "use:x:y"):
        await browser.post(path, 404, do="estimate", reason="no access", **{use: "30"})


async def test_to_skip_gives_money_up_so_another_person_agrees_and_it_can_be_taken_back(
    world: World, tap: Registered
) -> None:
    app = world.app
    maker = await signed_in(world.client, app, "finance")
    path = await of_tap(maker)
    await maker.post(path, 400, do="skip", reason=" ")
    assert "Another person has to agree" in await maker.post(path, do="skip", reason="the house stood empty")
    assert "Somebody has asked" in await maker.post(path, 409, do="skip", reason="again")
    await decide(maker, app, 409)
    checker = await signed_in(world.client, app)
    await decide(checker, app)
    text = await checker.get("/console/parked?state=skipped")
    assert "the house stood empty" in text and "Every month that has closed is billed" in await checker.get(
        "/console/parked"
    )
    await read(app, (MAR, 160))
    await tick(app)
    assert FEB not in await bills(app, tap.account_id)
    await checker.post(path_of(text), do="again")
    await tick(app)
    assert (await bills(app, tap.account_id))[FEB] == 25_000


async def decide(browser: Browser, app: App, status: int = 200) -> None:
    async with app.db.reading() as conn:
        one = (await conn.execute(select(approval.c.id, approval.c.seal))).one()
    await browser.get("/console/approvals")
    await browser.post(f"/console/approvals/{one.id}", status, seal=one.seal, do="yes")


async def test_another_branch_neither_sees_nor_decides_it(world: World, tap: Registered) -> None:
    app = world.app
    async with app.db.reading() as conn:
        cycle_id = (await conn.execute(select(cycle.c.id).where(cycle.c.state == "parked"))).scalar_one()
    kisumu = await signed_in(world.client, app, "finance", "kisumu")
    assert "Wanjiku" not in await kisumu.get("/console/parked")
    await kisumu.get(f"/console/parked/{cycle_id}", 404)
    for do in ("again", "estimate", "skip"):
        await kisumu.post(f"/console/parked/{cycle_id}", 404, do=do, reason="x")
    viewer = await signed_in(world.client, app, "viewer", "nakuru")
    assert "Never bill it" not in await viewer.get(f"/console/parked/{cycle_id}")
    await viewer.post(f"/console/parked/{cycle_id}", 403, do="again")


async def test_a_tariff_that_comes_late_is_enough(world: World, tmp_path: Path) -> None:
    app = world.app
    async with app.db.writing() as conn:
        made = await register_customer(
            conn, app, NewCustomer("Omar", number="20000002", opened_on=FEB, commodity="internet", tariff="fibre")
        )
    assert "has no version" in (await close_cycles(app, MAR)).parked[0].reason
    (tmp_path / "fibre.yaml").write_text(
        'tariff: fibre\nvalid_from: 2020-01-01\ncurrency: KES\ncharges: [{code: rent, type: fixed, price: "900.00", per: period}]\n'
    )
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, tmp_path)
    await close_cycles(app, MAR)
    await close_cycles(app, MAR)
    assert await bills(app, made.account_id) == {FEB: 90_000}
    async with app.db.reading() as conn:
        mine = select(func.count()).select_from(invoice).where(invoice.c.account_id == made.account_id)
        assert (await conn.execute(mine)).scalar_one() == 1
