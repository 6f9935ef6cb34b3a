"""Usage that comes after its bill: the difference is one line of the next bill, named with the period, and comes once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.billing import queries
from core.billing.model import Bill, BillLine
from core.billing.run.passes import build, foresee
from core.catalog import store as catalog
from core.clock import SetClock
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.ledger import queries as ledger
from core.metering.store import readings
from core.metering.store.collect import load_csv
from core.metering.store.readings import Read
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_many

JAN, FEB, MAR, APR = (date(2026, month, 1) for month in range(1, 5))

POWER = """
tariff: power
valid_from: 2020-01-01
currency: KES
rounding: {line: "0.01", total: "1", mode: half_up}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: graduated, tiers: [{up_to: "30", price: "10.00"}, {price: "20.00"}]}
  - {code: vat, type: tax, percent: "16", of: [consumption]}
"""
WATER = POWER.replace("tariff: power", "tariff: water").replace("energy, unit: kWh", "water, unit: m3")
TIMED = """
tariff: timed
valid_from: 2020-01-01
currency: KES
zone: Africa/Nairobi
rounding: {line: "0.01", mode: half_up}
times:
  - {code: peak, from: "18:00", to: "22:00"}
  - {code: off_peak}
charges:
  - {code: consumption, type: usage, meter: energy, unit: kWh, model: flat, price: {peak: "30.00", off_peak: "10.00"}}
"""


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime(2026, 2, 1, 6, tzinfo=UTC))


async def settle(app: App, folder: Path, *customers: NewCustomer) -> list[Registered]:
    for at, text in enumerate((POWER, WATER, TIMED)):
        (folder / f"{at}.yaml").write_text(text, "utf-8")
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder)
        return await register_many(conn, app, customers)


async def at_home(app: App, folder: Path) -> Registered:
    """One customer with 42 kWh in January, a reading a day: 30 x 10.00 + 12 x 20.00, with VAT 626.40, and 40 cents off."""
    customer = NewCustomer("Amina", opened_on=JAN, tariff="power", meter=NewMeter("M1", interval_minutes=1440))
    [made] = await settle(app, folder, customer)
    await collect(app, folder, "january", month(JAN, 31, "1.3", last="3"))
    return made


def month(first: date, days: int, kwh: str, *, last: str, minutes: int = 1440) -> list[tuple[str, str]]:
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - as the file has it: local
    count = days * 1440 // minutes
    stamps = ((start + timedelta(minutes=minutes * at)).isoformat(timespec="minutes") for at in range(count))
    return [(stamp, last if at == count - 1 else kwh) for at, stamp in enumerate(stamps)]


async def collect(app: App, folder: Path, name: str, rows: list[tuple[str, str]]) -> None:
    pass_to(app, date.fromisoformat(rows[-1][0][:10]) + timedelta(days=1))
    file = folder / f"{name}.csv"
    file.write_text("meter,start,kwh\n" + "".join(f"M1,{at},{kwh}\n" for at, kwh in rows))
    assert (await load_csv(app, file)).rejected == 0


def pass_to(app: App, day: date) -> None:
    """It is the morning of that day, or later."""
    assert isinstance(app.clock, SetClock)
    app.clock.instant = max(app.clock.instant, datetime(day.year, day.month, day.day, 6, tzinfo=UTC))


async def read(app: App, *shown: tuple[date, int]) -> None:
    pass_to(app, max(day for day, _ in shown))
    async with app.db.writing() as conn:
        await readings.record(conn, app, [Read("W1", day, units * 1_000_000) for day, units in shown])


async def closed(app: App, made: Registered, on: date) -> Bill:
    pass_to(app, on)
    report = await close_cycles(app, on)
    assert (report.problems, report.parked) == ((), ())
    async with app.db.reading() as conn:
        [last, *_] = await queries.last_bills(conn, made.account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id, context=app)
        assert bill is not None and await problems(conn) == []
        return bill


def late(bill: Bill) -> list[tuple[str, int | None, int]]:
    return [(one.label["en"], one.quantity_micro, one.amount_minor) for one in bill.lines if is_late(one)]


def is_late(line: BillLine) -> bool:
    return line.code.startswith("late_")


async def test_a_revision_after_the_bill_is_a_line_of_the_next_bill(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    january = await closed(app, made, FEB)
    assert january.total_minor == 62600
    await collect(app, tmp_path, "revised", [("2026-01-31", "8")])
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    [shown] = (await foresee(app, MAR)).bills
    bill = await closed(app, made, MAR)
    # 5 kWh more in the second block: 100.00 and 16.00 of VAT; 742.40 to whole shillings is 742, and 626 was billed.
    assert (
        late(bill)
        == late(shown)
        == [
            ("Correction 1 Jan 2026 - 31 Jan 2026: 47 instead of 42 kWh", 5_000_000, 10_000),
            ("Tax in the correction 1 Jan 2026 - 31 Jan 2026", None, 1_600),
        ]
    )
    own = [one.amount_minor for one in bill.lines if not is_late(one)]
    assert (own, bill.total_minor) == ([26_920, 4_307, -27], 31_200 + 11_600)
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "tax", 0, "KES") == -(january.tax_minor + bill.tax_minor)
        assert await ledger.balance(conn, "receivable", made.account_id, "KES") == 62600 + bill.total_minor
    assert [one.quantity_micro for one in bill.use] == [47_000_000, 26_920_000], "the chart knows it too"


async def test_what_was_corrected_is_not_corrected_again_and_a_second_revision_is_only_the_rest(
    app: App, tmp_path: Path
) -> None:
    made = await at_home(app, tmp_path)
    await closed(app, made, FEB)
    await collect(app, tmp_path, "revised", [("2026-01-31", "8")])
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    assert sum(one[2] for one in late(await closed(app, made, MAR))) == 11_600
    await collect(app, tmp_path, "again", [("2026-01-31", "6")])
    await collect(app, tmp_path, "march", month(MAR, 31, "0.5", last="0.5"))
    assert late(await closed(app, made, APR)) == [
        ("Correction 1 Jan 2026 - 31 Jan 2026: 45 instead of 47 kWh", -2_000_000, -3_960),
        ("Tax in the correction 1 Jan 2026 - 31 Jan 2026", None, -640),
    ]  # 45 kWh: 696.00, and 742.40 was billed as 742: the tax is exact, and the 40 cents are in the other line


async def test_less_than_was_billed_may_leave_her_with_credit(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    await closed(app, made, FEB)
    await collect(app, tmp_path, "zero", month(JAN, 31, "0", last="0"))
    await collect(app, tmp_path, "february", month(FEB, 28, "0", last="1"))
    bill = await closed(app, made, MAR)
    assert (bill.total_minor, bill.to_pay_minor) == (1_200 - 62_600, 0)
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "receivable", made.account_id, "KES") == 1_200


async def test_what_was_estimated_is_paid_at_the_blocks_of_its_own_month(app: App, tmp_path: Path) -> None:
    """31 m3 were carried on from 20, and it was 28: what was too much comes off at the dear price it was billed at."""
    tap = NewMeter("W1", code="water", unit="m3", kind="register", interval_minutes=None)
    [made] = await settle(
        app, tmp_path, NewCustomer("Amina", opened_on=JAN, commodity="water", tariff="water", meter=tap)
    )
    await read(app, (JAN, 0), (date(2026, 1, 21), 20))
    january = await closed(app, made, FEB)
    assert january.estimated and january.total_minor == 37_100  # 31 m3: 300 + 20, and 16 %
    await read(app, (FEB, 28), (MAR, 40))
    bill = await closed(app, made, MAR)
    assert late(bill) == [
        ("Correction 1 Jan 2026 - 31 Jan 2026: 28 instead of 31 m3", -3_000_000, -3_960),
        ("Tax in the correction 1 Jan 2026 - 31 Jan 2026", None, -640),
    ]
    assert january.total_minor + bill.total_minor == 32_500 + 13_900, "28 and 12 m3, each with its own first block"


async def test_a_late_interval_is_paid_at_its_own_time_of_use(app: App, tmp_path: Path) -> None:
    [made] = await settle(app, tmp_path, NewCustomer("Amina", opened_on=JAN, tariff="timed", meter=NewMeter("M1")))
    await collect(app, tmp_path, "january", month(JAN, 31, "0.028", last="0.364", minutes=30))
    await closed(app, made, FEB)
    await collect(app, tmp_path, "revised", [("2026-01-15T19:00", "1.028"), ("2026-01-15T12:00", "2.028")])
    await collect(app, tmp_path, "february", month(FEB, 28, "0.02", last="0.06", minutes=30))
    assert late(await closed(app, made, MAR)) == [
        ("Correction 1 Jan 2026 - 31 Jan 2026: 45 instead of 42 kWh", 3_000_000, 5_000)
    ]


async def test_a_correction_waits_for_a_bill_that_is_parked(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    await closed(app, made, FEB)
    await collect(app, tmp_path, "revised", [("2026-01-31", "8")])
    pass_to(app, MAR)
    assert len((await close_cycles(app, MAR)).parked) == 1, "nothing of February is there"
    await collect(app, tmp_path, "march", month(MAR, 31, "0.5", last="0.5"))
    await close_cycles(app, APR)
    async with app.db.reading() as conn:
        [last, *_] = await queries.last_bills(conn, made.account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id)
    assert bill is not None and bill.from_date == MAR and sum(one[2] for one in late(bill)) == 11_600


async def test_months_that_came_in_time_are_not_touched(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    await closed(app, made, FEB)
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    assert late(await closed(app, made, MAR)) == []
    await collect(app, tmp_path, "same", [("2026-01-31", "3")])
    await collect(app, tmp_path, "march", month(MAR, 31, "0.5", last="0.5"))
    assert late(await closed(app, made, APR)) == [], "the same value again is no revision"


async def test_a_run_that_dies_after_the_draft_corrects_once(app: App, tmp_path: Path) -> None:
    made = await at_home(app, tmp_path)
    await closed(app, made, FEB)
    await collect(app, tmp_path, "revised", [("2026-01-31", "8")])
    await collect(app, tmp_path, "february", month(FEB, 28, "0.96", last="1"))
    await build(replace(app), MAR)
    assert sum(one[2] for one in late(await closed(app, made, MAR))) == 11_600
