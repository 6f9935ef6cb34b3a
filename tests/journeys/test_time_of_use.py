"""A month by the time of use, from the meter's half-hours to the paper, and equal to the quote of the same usage."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from core.billing import queries
from core.billing.model import Bill
from core.billing.render import html, pdf
from core.billing.run.passes import foresee
from core.catalog import store as catalog
from core.catalog.compile import load_tariff
from core.catalog.quote_json import answered
from core.clock import SetClock
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.metering.store import readings
from core.metering.store.collect import load_csv
from core.metering.store.readings import Read
from core.money import plain
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_many
from tests.readers import load_nem12

EXAMPLES = Path(__file__).parents[2] / "examples" / "tariffs"
ERGON = (EXAMPLES / "ergon-time-of-use.yaml").read_text("utf-8")
DEARER = ERGON.replace("valid_from: 2016-07-01", "valid_from: 2017-01-16").replace("0.55865", "0.60000")

LONDON = """
tariff: night
valid_from: 2020-01-01
currency: GBP
zone: Europe/London
rounding: {line: "0.01"}
times:
  - {code: night, from: "00:00", to: "07:00"}
  - {code: day}
charges:
  - {code: usage, type: usage, meter: energy, unit: kWh, model: flat, price: {night: "0.10", day: "0.30"}}
"""
DEMAND = """
tariff: night
valid_from: 2020-01-01
currency: GBP
rounding: {line: "0.01"}
charges:
  - {code: peak, type: usage, meter: energy, unit: kW, model: demand, interval: "30", price: "2.00"}
"""


def living(app: App, zone: str, currency: str, year: int) -> App:
    """The house in another country and year."""
    operator = app.operator.model_copy(update={"zone": zone, "currency": currency, "country": "AU"})
    return replace(app, operator=operator, clock=SetClock(datetime(year, 12, 31, tzinfo=UTC)))


async def settle(app: App, folder: Path, tariffs: Iterable[str], *customers: NewCustomer) -> list[Registered]:
    for at, text in enumerate(tariffs):
        (folder / f"tariff{at}.yaml").write_text(text, "utf-8")
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder)
        return await register_many(conn, app, customers)


def half_hours(first: date, days: int, *, kwh: str = "0.25", without: range = range(0)) -> list[tuple[str, str]]:
    """(local start, kWh) of each half-hour; a bigger one in the afternoon of every day."""
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - as the file has it: local
    stamps = (start + timedelta(minutes=30 * at) for at in range(48 * days) if at not in without)
    return [(one.isoformat(timespec="minutes"), "1.125" if one.hour == 16 else kwh) for one in stamps]


async def collect(app: App, folder: Path, serial: str, rows: list[tuple[str, str]]) -> None:
    file = folder / f"{serial}.csv"
    file.write_text("meter,start,kwh\n" + "".join(f"{serial},{at},{kwh}\n" for at, kwh in rows))
    report = await load_csv(app, file)
    assert report.rejected == 0


async def the_bill(app: App, made: Registered) -> Bill:
    async with app.db.reading() as conn:
        [last, *_] = await queries.last_bills(conn, made.account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id, context=app)
        assert bill is not None and await problems(conn) == []
        return bill


def quoted(texts: Iterable[str], from_: date, to: date, rows: list[tuple[str, str]]) -> tuple[list[str], str]:
    """The amounts and the total that `hodi quote` answers for the same usage."""
    versions = [load_tariff(text) for text in texts]
    usage = [{"meter": "energy", "quantity": kwh, "at": at} for at, kwh in rows]
    answer = answered(versions, {"period": {"from": from_.isoformat(), "to": to.isoformat()}, "usage": usage})
    return [line["amount"] for line in answer["lines"]], answer["total"]


async def test_a_summer_month_is_billed_by_its_afternoons(app: App, tmp_path: Path) -> None:
    app = living(app, "Australia/Brisbane", "AUD", 2017)
    opened, on = date(2017, 1, 1), date(2017, 2, 1)
    [made] = await settle(
        app, tmp_path, [ERGON], NewCustomer("Ann", opened_on=opened, tariff="ergon-12a", meter=NewMeter("M1"))
    )
    rows = half_hours(opened, 31)
    await collect(app, tmp_path, "M1", rows)
    [seen] = (await foresee(app, on)).bills
    report = await close_cycles(app, on)
    assert (report.state, report.problems, report.parked) == ("closed", (), ())
    bill = await the_bill(app, made)
    # Peak 15:00-21:30: 31 x (2 x 1.125 + 11 x 0.25) = 155 kWh; the other 35 half-hours of 31 days: 271.25 kWh.
    # 31 x 1.01306 + 155 x 0.55865 + 271.25 x 0.19859 = 171.86314; with 10 % GST 189.05.
    assert [(one.code, one.label["en"], one.quantity_micro) for one in bill.lines] == [
        ("supply", "Daily supply", 31_000_000),
        ("usage", "Electricity (peak)", 155_000_000),
        ("usage", "Electricity (off peak)", 271_250_000),
        ("gst", "GST", None),
    ]
    assert bill.total_minor == 18_905 == seen.total_minor
    assert quoted([ERGON], opened, on, rows)[1] == plain(bill.total_minor, "AUD")
    page = html.render(bill, "en")
    assert "Electricity (peak)" in page and "155 kWh at 0.55865" in page
    assert pdf.render(bill, "en").startswith(b"%PDF")


async def test_a_price_that_changes_in_mid_month_is_paid_from_that_day(app: App, tmp_path: Path) -> None:
    app = living(app, "Australia/Brisbane", "AUD", 2017)
    opened, on = date(2017, 1, 1), date(2017, 2, 1)
    texts = [ERGON.replace("valid_to: 2017-07-01", "valid_to: 2017-01-16"), DEARER]
    [made] = await settle(
        app, tmp_path, texts, NewCustomer("Ann", opened_on=opened, tariff="ergon-12a", meter=NewMeter("M1"))
    )
    rows = half_hours(opened, 31)
    await collect(app, tmp_path, "M1", rows)
    await close_cycles(app, on)
    bill = await the_bill(app, made)
    usage = [(one.label["en"], one.quantity_micro, one.price) for one in bill.lines if one.code == "usage"]
    assert usage == [
        ("Electricity (peak, 1 Jan - 15 Jan)", 75_000_000, "0.55865"),
        ("Electricity (off peak, 1 Jan - 15 Jan)", 131_250_000, "0.19859"),
        ("Electricity (peak, 16 Jan - 31 Jan)", 80_000_000, "0.60000"),
        ("Electricity (off peak, 16 Jan - 31 Jan)", 140_000_000, "0.19859"),
    ]
    assert quoted(texts, opened, on, rows)[1] == plain(bill.total_minor, "AUD")


async def test_nem12_is_billed_by_the_time_of_use_too(app: App, tmp_path: Path) -> None:
    app = living(app, "Australia/Brisbane", "AUD", 2017)
    opened, on = date(2017, 1, 31), date(2017, 2, 1)
    [made] = await settle(
        app, tmp_path, [ERGON], NewCustomer("Ann", opened_on=opened, tariff="ergon-12a", meter=NewMeter("M1"))
    )
    values = ",".join("2" if 30 <= at < 43 else "1" for at in range(48))
    (tmp_path / "one.nem12").write_text(
        "100,NEM12,201702011200,MDP,RET\n200,NMI1,E1,,E1,N1,M1,kWh,30,\n"
        f"300,20170131,{values},A,,,20170201010101,\n900\n"
    )
    await load_nem12(app, tmp_path / "one.nem12")
    await close_cycles(app, on)
    bill = await the_bill(app, made)
    assert [one.quantity_micro for one in bill.lines if one.code == "usage"] == [26_000_000, 35_000_000]


@pytest.mark.parametrize(
    ("day", "night", "hours"), [(date(2026, 3, 29), 6, 23), (date(2026, 10, 25), 8, 25)], ids=["spring", "autumn"]
)
async def test_the_night_on_which_clocks_change_is_an_hour_shorter_or_longer(
    app: App, tmp_path: Path, day: date, night: int, hours: int
) -> None:
    app = living(app, "Europe/London", "GBP", 2026)
    customer = NewCustomer("Ann", opened_on=day, bill_day=day.day + 1, tariff="night", meter=NewMeter("M1"))
    [made] = await settle(app, tmp_path, [LONDON], customer)
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)
    rows = [((start + timedelta(minutes=30 * at)).isoformat(), "1") for at in range(2 * hours)]
    await collect(app, tmp_path, "M1", rows)
    await close_cycles(app, day + timedelta(days=1))
    bill = await the_bill(app, made)
    assert [one.quantity_micro for one in bill.lines] == [2 * night * 1_000_000, 2 * 17 * 1_000_000]
    amounts, total = quoted([LONDON], day, day + timedelta(days=1), rows)
    assert (amounts, total) == ([plain(one.amount_minor, "GBP") for one in bill.lines], plain(bill.total_minor, "GBP"))


async def test_gaps_are_estimated_at_their_own_time_of_use(app: App, tmp_path: Path) -> None:
    """Four hours of one afternoon are lost: the other afternoons tell what they were, and they are paid at the peak price."""
    app = living(app, "Australia/Brisbane", "AUD", 2017)
    opened = date(2017, 1, 1)
    [made] = await settle(
        app, tmp_path, [ERGON], NewCustomer("Ann", opened_on=opened, tariff="ergon-12a", meter=NewMeter("M1"))
    )
    await collect(app, tmp_path, "M1", half_hours(opened, 31, without=range(48 * 9 + 30, 48 * 9 + 38)))
    await close_cycles(app, date(2017, 2, 1))
    bill = await the_bill(app, made)
    assert bill.estimated
    assert [one.quantity_micro for one in bill.lines if one.code == "usage"] == [155_000_000, 271_250_000]


async def test_a_meter_that_does_not_tell_when_is_parked_and_the_others_go_on(app: App, tmp_path: Path) -> None:
    app = living(app, "Europe/London", "GBP", 2026)
    opened = date(2026, 1, 1)
    meters = (
        NewMeter("M1"),
        NewMeter("BY-HAND", kind="register", interval_minutes=None),
        NewMeter("DAYS", interval_minutes=1440),
    )
    people = [NewCustomer(one.serial, opened_on=opened, tariff="night", meter=one) for one in meters]
    made = await settle(app, tmp_path, [LONDON], *people)
    await collect(app, tmp_path, "M1", half_hours(opened, 31))
    await collect(app, tmp_path, "DAYS", [((opened + timedelta(days=at)).isoformat(), "9") for at in range(31)])
    async with app.db.writing() as conn:
        reads = (Read("BY-HAND", opened, 0), Read("BY-HAND", date(2026, 2, 1), 90_000_000))
        await readings.record(conn, app, reads)
    report = await close_cycles(app, date(2026, 2, 1))
    assert (report.accounts, report.problems) == (1, ())
    reasons = {one.account_id: one.reason for one in report.parked}
    assert reasons.keys() == {one.account_id for one in made[1:]}
    assert all("does not tell when" in reason for reason in reasons.values())


async def test_the_highest_half_hour_is_found_and_another_length_of_interval_is_not_guessed(
    app: App, tmp_path: Path
) -> None:
    app = living(app, "Europe/London", "GBP", 2026)
    opened = date(2026, 1, 1)
    people = [
        NewCustomer(
            f"C{minutes}", opened_on=opened, tariff="night", meter=NewMeter(f"M{minutes}", interval_minutes=minutes)
        )
        for minutes in (30, 60)
    ]
    half, whole = await settle(app, tmp_path, [DEMAND], *people)
    await collect(app, tmp_path, "M30", half_hours(opened, 31))
    await collect(app, tmp_path, "M60", [(at, kwh) for at, kwh in half_hours(opened, 31) if at.endswith(":00")])
    report = await close_cycles(app, date(2026, 2, 1))
    assert [one.account_id for one in report.parked] == [whole.account_id]
    [line] = (await the_bill(app, half)).lines
    assert (line.quantity_micro, line.amount_minor) == (2_250_000, 450), "1.125 kWh in half an hour are 2.25 kW"


async def test_a_tariff_on_another_clock_than_the_meters_is_not_billed(app: App, tmp_path: Path) -> None:
    app = living(app, "Australia/Brisbane", "GBP", 2026)
    opened = date(2026, 1, 1)
    await settle(app, tmp_path, [LONDON], NewCustomer("A", opened_on=opened, tariff="night", meter=NewMeter("M1")))
    await collect(app, tmp_path, "M1", half_hours(opened, 31))
    report = await close_cycles(app, date(2026, 2, 1))
    assert "on the clock of Europe/London" in report.parked[0].reason


async def test_a_register_is_shared_out_over_a_change_of_price_along_its_readings(app: App, tmp_path: Path) -> None:
    """50 m3 in the first 20 days and 11 in the other 11: no averaging over the month."""
    app = living(app, "Africa/Nairobi", "KES", 2026)
    text = """
tariff: water
valid_from: {day}
currency: KES
charges:
  - {{code: water, type: usage, meter: water, unit: m3, model: flat, price: "{price}"}}
"""
    texts = [text.format(day="2020-01-01", price="60.00"), text.format(day="2026-01-21", price="100.00")]
    opened = date(2026, 1, 1)
    tap = NewMeter("W1", code="water", unit="m3", kind="register", interval_minutes=None)
    [made] = await settle(
        app, tmp_path, texts, NewCustomer("A", opened_on=opened, commodity="water", tariff="water", meter=tap)
    )
    async with app.db.writing() as conn:
        shown = {opened: 0, date(2026, 1, 21): 50, date(2026, 2, 1): 61}
        await readings.record(conn, app, [Read("W1", day, units * 1_000_000) for day, units in shown.items()])
    await close_cycles(app, date(2026, 2, 1))
    bill = await the_bill(app, made)
    assert [one.amount_minor for one in bill.lines] == [50 * 6000, 11 * 10000]


def test_the_sums_of_these_tests_are_done_by_hand() -> None:
    rows = half_hours(date(2017, 1, 1), 31)
    peak = sum(Decimal(kwh) for at, kwh in rows if re.search(r"T(15|16|17|18|19|20|21:00)", at))
    exact = (
        31 * Decimal("1.01306")
        + peak * Decimal("0.55865")
        + (sum(Decimal(k) for _, k in rows) - peak) * Decimal("0.19859")
    )
    assert (peak, round(exact * Decimal("1.1"), 2)) == (Decimal(155), Decimal("189.05"))
    assert yaml.safe_load(ERGON)["tariff"] == "ergon-12a"
