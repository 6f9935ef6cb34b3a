"""Meters that are taken down, exchanged or hung beside others, their registers, and a second service: done, or refused aloud."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from core.billing import queries
from core.catalog import store as catalog
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.metering.tables import meter
from core.onboarding.imports import run
from core.onboarding.model import Report
from core.parties.tables import account, service
from tests.core.metering.conftest import Write, write

__all__ = ["write"]
TARIFF = """
tariff: {code}
valid_from: 2020-01-01
currency: KES
name: {{en: x}}
rounding: {{line: "0.01"}}
{more}
charges:
"""
DAY_NIGHT = """  - {code: day, type: usage, meter: energy_day, unit: kWh, model: flat, price: "10.00"}
  - {code: night, type: usage, meter: energy_night, unit: kWh, model: flat, price: "4.00"}
"""
ONE = """  - {code: use, type: usage, meter: energy, unit: kWh, model: graduated, tiers: [{up_to: "100", price: "10.00"}, {price: "20.00"}]}
"""
FEB, MAR, APR = (date(2026, month, 1) for month in (2, 3, 4))


@pytest.fixture
async def wired(app: App, write: Write, tmp_path: Path) -> None:
    """Account 1 on tariff `one`, account 2 on `two`, account 3 on `sum`."""
    folder = tmp_path / "tariffs"
    folder.mkdir()
    for code, charges, more in (
        ("one", ONE, ""),
        ("two", DAY_NIGHT, ""),
        ("sum", ONE, "sums: {energy: [energy_day, energy_night]}"),
    ):
        (folder / f"{code}.yaml").write_text(TARIFF.format(code=code, more=more) + charges)
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder)
    text = "number,name,opened_on,tariff\n1,A,2026-02-01,one\n2,B,2026-02-01,two\n3,C,2026-02-01,sum\n"
    assert (await run(app, "customers", write(text))).accepted == 3


async def bring(app: App, kind: str, path: Path) -> Report:
    return await run(app, kind, path)


def reasons(report: Report) -> list[str]:
    return [reason for _, reason in report.rejected]


async def total(app: App, number: str) -> int | None:
    async with app.db.reading() as conn:
        account_id = (await conn.execute(select(account.c.id).where(account.c.number == number))).scalar_one()
        found = await queries.last_bills(conn, account_id)
        return found[0].total_minor if found else None


async def parked(app: App, on: date) -> dict[str, str]:
    return {one.number: one.reason for one in (await close_cycles(app, on)).parked}


TWO = "meter,read_on,register,value\nM,2026-02-01,day,0\nM,2026-02-01,night,0\nM,2026-03-01,day,90\nM,2026-03-01,night,60\n"


async def test_two_registers_are_priced_each_by_its_code(app: App, wired: None, write: Write) -> None:
    await bring(app, "meters", write("serial,account,kind,registers\nM,2,register,day night\n"))
    assert (await bring(app, "readings", write(TWO))).accepted == 4
    await close_cycles(app, MAR)
    assert await total(app, "2") == 90 * 1000 + 60 * 400


async def test_they_are_one_quantity_only_where_the_tariff_says_so(app: App, wired: None, write: Write) -> None:
    await bring(app, "meters", write("serial,account,kind,registers\nM,3,register,day night\n"))
    await bring(app, "readings", write(TWO))
    await close_cycles(app, MAR)
    assert await total(app, "3") == 100 * 1000 + 50 * 2000
    later = "meter,read_on,register,value\nM,2026-03-01,day,100\n"
    assert (await bring(app, "readings", write(later))).accepted == 1
    april = "meter,read_on,register,value\nM,2026-04-01,day,100\nM,2026-04-01,night,60\n"
    app.clock.instant = app.clock.now().replace(month=4, day=2)  # type: ignore[attr-defined]  # the clock of tests is set
    await bring(app, "readings", write(april))
    await close_cycles(app, APR)
    assert await total(app, "3") == 10 * 2000, "ten more of February's day register, at February's second block"


async def test_a_tariff_that_does_not_price_them_parks_the_account_and_never_sums(
    app: App, wired: None, write: Write
) -> None:
    await bring(app, "meters", write("serial,account,kind,registers\nM,1,register,day night\n"))
    await bring(app, "readings", write(TWO))
    assert "no price for energy_day, energy_night" in (await parked(app, MAR))["1"]
    assert await total(app, "1") is None


async def test_a_register_that_nobody_named_is_refused_with_the_reason(app: App, wired: None, write: Write) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    report = await bring(app, "readings", write(TWO))
    assert report.accepted == 2
    assert (
        all("Meter M has day, and no register 'night'" in one for one in reasons(report)) and len(report.rejected) == 2
    )
    await bring(app, "meters", write("serial,account\nI,2\n"))
    usage = "meter,start,kWh,register\nI,2026-02-01T00:00,1,E1\nI,2026-02-01T00:00,1,E2\nI,2026-02-01T00:30,1,\n"
    report = await bring(app, "usage", write(usage))
    assert (report.accepted, len(report.rejected)) == (2, 1), "a blank register is the only one"
    assert "no register 'E2'" in report.rejected[0][1]
    named = await bring(app, "meters", write("serial,account,registers\nI,2,E1 E2\n"))
    assert named.accepted == 1
    assert report.reject_file is not None
    assert (await bring(app, "usage", report.reject_file)).accepted == 1


async def test_a_silent_register_parks_rather_than_counts_as_nothing(app: App, wired: None, write: Write) -> None:
    await bring(app, "meters", write("serial,account,kind,registers\nM,2,register,day night\n"))
    await bring(app, "readings", write("meter,read_on,register,value\nM,2026-02-01,day,0\nM,2026-03-01,day,90\n"))
    assert "no readings of meter M" in (await parked(app, MAR))["2"]


async def test_a_meter_is_taken_down_by_import_and_again_changes_nothing(app: App, wired: None, write: Write) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    await bring(app, "readings", write("meter,read_on,value\nM,2026-02-01,0\nM,2026-02-20,50\n"))
    down = write("serial,removed_on\nM,2026-02-20\n")
    assert [
        (one.accepted, one.duplicates) for one in (await bring(app, "meters", down), await bring(app, "meters", down))
    ] == [
        (1, 0),
        (0, 1),
    ]
    async with app.db.reading() as conn:
        assert (await conn.execute(select(meter.c.removed_on))).scalar_one() == date(2026, 2, 20)
    other = await bring(app, "meters", write("serial,removed_on\nM,2026-02-21\n"))
    assert "taken down on 2026-02-20 already" in reasons(other)[0]
    nobody = await bring(app, "meters", write("serial,removed_on\nX,2026-02-01\n"))
    assert (nobody.accepted, len(nobody.rejected)) == (0, 1)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("M,2026-01-01", "cannot be gone before it came"),
        ("M,2026-03-11", "cannot be gone before it came, nor in the future"),
        ("M,2026-02-10", "has counted up to 2026-02-20"),
    ],
)
async def test_a_removal_that_cannot_be_is_refused(app: App, wired: None, write: Write, row: str, reason: str) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    await bring(app, "readings", write("meter,read_on,value\nM,2026-02-01,0\nM,2026-02-20,50\n"))
    report = await bring(app, "meters", write(f"serial,removed_on\n{row}\n"))
    assert (report.accepted, report.duplicates) == (0, 0)
    assert reason in reasons(report)[0]


EXCHANGE = "meter,read_on,value\nM,2026-02-01,0\nM,2026-02-15,50\nN,2026-02-15,7\nN,2026-03-01,27\n"


@pytest.mark.parametrize(
    "text",
    [
        "serial,account,kind,installed_on,replaces\nN,1,register,2026-02-15,M\n",
        "serial,account,kind,installed_on,removed_on\nN,1,register,2026-02-15,\nM,1,register,,2026-02-15\n",
    ],
)
async def test_after_an_exchange_each_meter_counts_for_its_own_days(
    app: App, wired: None, write: Write, text: str
) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    report = await bring(app, "meters", write(text))
    assert reasons(report) == []
    await bring(app, "readings", write(EXCHANGE))
    await close_cycles(app, MAR)
    assert await total(app, "1") == 70 * 1000
    assert (await bring(app, "meters", write(text))).rejected == [], "again it changes nothing"


async def test_a_second_meter_of_the_same_code_is_refused_unless_both_are_to_count(
    app: App, wired: None, write: Write
) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    report = await bring(app, "meters", write("serial,account,kind\nN,1,register\n"))
    assert "Meter M of the same code energy hangs there: both would be billed" in reasons(report)[0]
    assert (await bring(app, "meters", write("serial,account,kind,beside\nN,1,register,yes\n"))).accepted == 1
    water = await bring(app, "meters", write("serial,account,kind,code,unit\nW,1,register,water,m3\n"))
    assert water.accepted == 1, "another code counts by itself"
    elsewhere = await bring(app, "meters", write("serial,account,kind,replaces\nO,2,register,M\n"))
    assert "does not hang at that service" in reasons(elsewhere)[0]


async def test_a_row_of_a_meter_on_file_that_says_something_else_is_refused(
    app: App, wired: None, write: Write
) -> None:
    await bring(app, "meters", write("serial,account,kind\nM,1,register\n"))
    report = await bring(app, "meters", write("serial,account,kind,dials,multiplier\nM,1,register,5,40\n"))
    assert "on file with another dials, multiplier" in reasons(report)[0]


SERVICE = "number,name,commodity,opened_on,tariff,address\n1,A,water,{day},one,Back yard\n"


async def test_a_second_service_by_import_is_done_and_again_changes_nothing(
    app: App, wired: None, write: Write
) -> None:
    path = write(SERVICE.format(day="2026-02-10"))
    first, again = await bring(app, "customers", path), await bring(app, "customers", path)
    assert [(one.accepted, one.duplicates, one.rejected) for one in (first, again)] == [(1, 0, []), (0, 1, [])]
    async with app.db.reading() as conn:
        rows = (
            await conn.execute(
                select(service.c.commodity, service.c.started_on).join(account).where(account.c.number == "1")
            )
        ).all()
    assert sorted(tuple(row) for row in rows) == [("electricity", FEB), ("water", date(2026, 2, 10))]
    both = "number,name,tariff,commodity\n9,Z,one,electricity\n9,Z,one,water\n9,Z,one,water\n"
    report = await bring(app, "customers", write(both))
    assert (report.accepted, report.duplicates) == (2, 1), "of a new account, in one file"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SERVICE.format(day="2026-01-31"), "billed up to 2026-02-01"),
        ("number,name,tariff,address\n1,A,one,Elsewhere 5\n", "on file with another address"),
        ("number,name,tariff\n1,A,two\n", "on file with another tariff"),
        ("number,name,tariff,payment_mode\n1,A,one,prepaid\n", "on file with another payment_mode"),
        ("number,name,tariff,commodity\n1,B,one,water\n", "on file with another name"),
    ],
)
async def test_what_cannot_be_done_to_an_account_on_file_is_refused_aloud(
    app: App, wired: None, write: Write, text: str, reason: str
) -> None:
    report = await bring(app, "customers", write(text))
    assert (report.accepted, report.duplicates) == (0, 0)
    assert reason in reasons(report)[0]
