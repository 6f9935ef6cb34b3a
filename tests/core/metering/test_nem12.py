"""NEM12: streams, days, and the flags that only some intervals of a day carry."""

from datetime import date

import pytest
from sqlalchemy import select

from core.context import App
from core.errors import BadInput
from core.metering.model import Total
from core.metering.store import store
from core.metering.tables import usage
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_customer
from tests.core.metering.conftest import SAMPLES, Write
from tests.readers import load_nem12

EXAMPLE = SAMPLES / "nem12_example_AU_one_meter.csv"


def _file(*records: str, end: str = "900\n") -> str:
    return "100,NEM12,202601021200,MDP,RET\n" + "".join(f"{record}\n" for record in records) + end


def _stream(register: str = "E1", unit: str = "kWh", minutes: int = 30) -> str:
    return f"200,NMI1,E1B1,,{register},N1,M1,{unit},{minutes},"


def _day(quality: str = "A", values: str = ".5", count: int = 48, day: str = "20260101") -> str:
    return f"300,{day}," + ",".join([values] * count) + f",{quality},,,20260102010101,"


async def _qualities(app: App) -> str:
    async with app.db.reading() as conn:
        return "".join(
            (await conn.execute(select(usage.c.quality).order_by(usage.c.register, usage.c.day, usage.c.at))).scalars()
        )


async def test_a_day_is_forty_eight_half_hours(app: App, wired: Registered, write: Write) -> None:
    report = await load_nem12(app, write(_file(_stream(), _day())))
    assert (report.rows, report.accepted, report.totals) == (48, 48, {("M1", "2026-01"): Total(48, 24_000_000)})


async def test_a_variable_day_has_its_flags_in_the_400_records(app: App, wired: Registered, write: Write) -> None:
    flags = ("400,1,20,F14,0,", "400,21,24,E52,76,no reading", "400,25,48,A,,")
    await load_nem12(app, write(_file(_stream(), _day("V"), *flags, _day(day="20260102"))))
    assert (await _qualities(app))[:48] == "S" * 20 + "E" * 4 + "A" * 24


async def test_every_200_block_is_a_register_of_its_own(app: App, wired: Registered, write: Write) -> None:
    report = await load_nem12(app, write(_file(_stream("E1"), _day(), _stream("B1"), _day("S14"))))
    assert report.accepted == 96
    assert await _qualities(app) == "S" * 48 + "A" * 48


@pytest.mark.parametrize("minutes", [5, 15])
async def test_five_and_fifteen_minutes_are_intervals_too(app: App, write: Write, minutes: int) -> None:
    async with app.db.writing() as conn:
        meter = NewMeter("M1", interval_minutes=minutes)
        await register_customer(conn, app, NewCustomer("Amina", opened_on=date(2025, 1, 1), meter=meter))
    report = await load_nem12(app, write(_file(_stream(minutes=minutes), _day(count=1440 // minutes, values="0.001"))))
    assert (report.accepted, report.quantity_micro) == (1440 // minutes, 1440 // minutes * 1000)


@pytest.mark.parametrize(
    ("records", "accepted", "rejected", "reason"),
    [
        ([_stream(minutes=15), _day(count=96)], 0, 96, "intervals last 15 minutes, but those of meter M1 last 30"),
        ([_stream(unit="kVArh"), _day()], 0, 48, "kVArh is the wrong unit"),
        ([_stream(), _day(count=47)], 0, 1, "'' is no quality"),
        ([_stream(), _day()[:40]], 0, 1, "columns"),
        ([_stream(), _day("N")], 0, 48, "Interval 1: The source has no value for it."),
        ([_stream(), _day("V"), "400,1,47,A,,"], 47, 1, "Interval 48: The source has no value for it."),
        ([_stream(), _day("A").replace(".5", "-1", 1)], 47, 1, "Interval 1: -1 is less than nothing"),
        ([_day()], 0, 1, "no usable 200 record"),
        ([_stream(minutes=10), _day()], 0, 2, "no interval length"),
        (["250,x"], 0, 1, "'250' is no record of a NEM12 file"),
        ([_stream(), _day("V"), "400,40,60,A,,"], 0, 49, "do not name intervals"),
    ],
)
async def test_what_cannot_be_is_rejected_with_its_line(
    app: App, wired: Registered, write: Write, records: list[str], accepted: int, rejected: int, reason: str
) -> None:
    report = await load_nem12(app, write(_file(*records)))
    assert (report.accepted, report.rejected, report.rows) == (accepted, rejected, accepted + rejected)
    async with app.db.reading() as conn:
        found = await store.rejects(conn, report.file_id)
    assert any(reason in said for _, _, said in found)
    assert all(line for _, line, _ in found)


async def test_a_file_cut_short_says_so_and_another_kind_is_refused(app: App, wired: Registered, write: Write) -> None:
    report = await load_nem12(app, write(_file(_stream(), _day(), end="")))
    assert (report.accepted, report.rejected) == (48, 1)
    async with app.db.reading() as conn:
        assert "cut short" in (await store.rejects(conn, report.file_id))[0][2]
    with pytest.raises(BadInput, match="does not begin with 100,NEM12"):
        await load_nem12(app, write("100,NEM13,x\n"))


EXCERPT = """\
100,NEM12,201701120945,WBAYM,3044076134
200,3044076134,B1E1E2,,E1,N1,41051514,kWh,30,
300,20160906,.04,.05,.05,.04,.04,.04,.04,.04,.06,.03,.03,.04,.09,.11,.09,.09,.14,.06,.08,.06,.5,.52,.14,.11,.05,.1,.44,.13,.34,.44,.04,.04,.07,.29,.39,.37,.31,.52,.31,.22,.2,.12,.04,.08,.04,.04,.05,.05,A,,,20160907022202,
300,20161130,.04,.06,.06,.05,.07,.07,.05,.05,.09,.05,.05,.06,.08,.05,.06,.04,.03,.05,.06,.04,.13,.14,.11,.28,.36,.14,.34,.13,.22,.08,.06,.03,.07,.04,.11,.07,.11,.15,.09,.04,.07,.04,.05,.1,.05,.07,.05,.04,V,,,20161201022712,
400,1,30,A,,
400,31,31,A,79,Power Outage Alarm
400,32,48,A,,
300,20161201,.06,.05,.04,.05,.06,.04,.04,.07,.04,.04,.04,.06,.04,.04,.09,.36,.15,.31,.08,.27,.03,.06,.05,.05,.07,.04,.14,.11,.13,.1,.18,.15,.09,.07,.07,.08,.14,.2,.75,.72,.31,.2,.13,.12,.11,.11,.08,.07,A,,,20161202081524,
900
"""
"""Three days of the example that AEMO publishes with its NEM12 specification, retyped: 6 September 2016 is 7.17 kWh, 1 December 6.29."""


async def _her_meter(app: App) -> None:
    async with app.db.writing() as conn:
        meter = NewMeter("41051514")
        await register_customer(conn, app, NewCustomer("Amina", opened_on=date(2016, 1, 1), meter=meter))


async def _kwh(app: App, day: date) -> int:
    async with app.db.reading() as conn:
        return sum((await conn.execute(select(usage.c.quantity_micro).where(usage.c.day == day))).scalars())


async def test_days_of_the_markets_example_come_to_what_it_publishes(app: App, write: Write) -> None:
    await _her_meter(app)
    report = await load_nem12(app, write(EXCERPT))
    assert (report.rows, report.accepted, report.rejected) == (144, 144, 0)
    assert [await _kwh(app, day) for day in (date(2016, 9, 6), date(2016, 12, 1))] == [7_170_000, 6_290_000]


@pytest.mark.soak
@pytest.mark.skipif(not EXAMPLE.exists(), reason="the sample file is not here")
async def test_the_markets_example_comes_to_its_published_totals(app: App) -> None:
    await _her_meter(app)
    report = await load_nem12(app, EXAMPLE)
    assert report.totals["41051514", "2016-12"].quantity_micro == 176_640_000
    assert [await _kwh(app, day) for day in (date(2016, 9, 6), date(2016, 12, 1))] == [7_170_000, 6_290_000]
