"""A month on a mobile plan, from the switch's file to the paper: the bundle first, then by destination and hour, as quoted."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.billing import queries
from core.billing.model import Bill
from core.catalog import store as catalog
from core.catalog.compile import load_tariff
from core.catalog.quote_json import answered
from core.clock import SetClock
from core.context import App
from core.journeys.close_cycles import close_cycles
from core.journeys.verify_books import problems
from core.money import plain
from core.onboarding.model import Registered
from tests.core.metering.conftest import Write, write
from tests.core.metering.events.world import HEAD, LINE, a_line, load

__all__ = ["write"]
PLAN = (Path(__file__).parents[2] / "examples" / "tariffs" / "mobile-bundle.yaml").read_text("utf-8")
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
CALLS = [
    ("2026-03-02T10:00:00", "0207000000", 3600), ("2026-03-03T11:00:00", "0207000000", 3000),
    ("2026-03-04T18:30:00", "07956111111", 600), ("2026-03-07T12:00:00", "07700900000", 125),
    ("2026-03-29T00:30:00", "07700900000", 90),
]  # fmt: skip
TEXTS = [("2026-03-05T09:00:00", "07956111111"), ("2026-03-06T09:00:00", "07700900000")]


@pytest.fixture
def app(app: App) -> App:
    """In London, in April 2026."""
    operator = app.operator.model_copy(update={"zone": "Europe/London", "currency": "GBP"})
    return replace(app, operator=operator, clock=SetClock(datetime(2026, 4, 1, 9, tzinfo=UTC)))


async def on_plan(app: App, folder: Path, text: str = PLAN, number: str = LINE) -> Registered:
    (folder / "plan.yaml").write_text(text, "utf-8")
    async with app.db.writing() as conn:
        await catalog.load_folder(conn, app, folder)
    return await a_line(app, number, opened_on=MARCH, tariff="one2one-precept-100")


def records() -> str:
    """CALLS and TEXTS as the switch writes them."""
    packed = lambda at: at.translate(str.maketrans("", "", "-T:"))  # noqa: E731
    rows = [f"{n},MOC,0700000001,{to},{packed(at)},{seconds},\n" for n, (at, to, seconds) in enumerate(CALLS)]
    return HEAD + "".join(
        rows + [f"{n},SMSMO,0700000001,{to},{packed(at)},,\n" for n, (at, to) in enumerate(TEXTS, 50)]
    )


async def the_bill(app: App, made: Registered) -> Bill:
    async with app.db.reading() as conn:
        [last] = await queries.last_bills(conn, made.account_id)
        bill = await queries.bill(conn, invoice_id=last.invoice_id, context=app)
        assert bill is not None and await problems(conn) == []
        return bill


async def test_a_month_of_calls_is_the_quote_of_the_same_calls(app: App, tmp_path: Path, write: Write) -> None:
    made = await on_plan(app, tmp_path)
    await load(app, write(records()))
    report = await close_cycles(app, APRIL)
    assert (report.accounts, report.parked, report.problems) == (1, (), ())
    bill = await the_bill(app, made)
    usage = [
        {"meter": "voice", "quantity": str(round(seconds / 60, 6)), "at": at, "destination": to}
        for at, to, seconds in CALLS
    ] + [{"meter": "sms", "at": at, "destination": to} for at, to in TEXTS]
    asked = answered([load_tariff(PLAN)], {"period": {"from": "2026-03-01", "to": "2026-04-01"}, "usage": usage})
    assert [(one.code, plain(one.amount_minor, "GBP")) for one in bill.lines] == [
        (one["code"], one["amount"]) for one in asked["lines"]
    ]
    assert plain(bill.total_minor, "GBP") == asked["total"]
    included = next(one for one in bill.lines if one.code == "included_minutes")
    assert included.quantity_micro == 100_000_000, "120 minutes to landlines and own mobiles, 100 of them included"


async def test_who_did_not_call_pays_the_rental(app: App, tmp_path: Path, write: Write) -> None:
    await on_plan(app, tmp_path)
    silent = await on_plan(app, tmp_path, number="+254700000002")
    await load(app, write(records()))
    assert (await close_cycles(app, APRIL)).accounts == 2
    assert (await the_bill(app, silent)).total_minor == 2_500


async def test_a_month_of_which_nothing_came_in_is_not_billed_as_if_nobody_had_called(app: App, tmp_path: Path) -> None:
    await on_plan(app, tmp_path)
    report = await close_cycles(app, APRIL)
    assert report.accounts == 0 and "have come in" in report.parked[0].reason


async def test_a_call_to_nowhere_parks_its_line_alone(app: App, tmp_path: Path, write: Write) -> None:
    await on_plan(app, tmp_path)
    other = await on_plan(app, tmp_path, number="+254700000002")
    await load(
        app, write(HEAD + "1,MOC,0700000001,+991234,20260310080000,60,\n2,MOC,0700000002,0207,20260310080000,60,\n")
    )
    report = await close_cycles(app, APRIL)
    assert report.accounts == 1 and "no prefix" in report.parked[0].reason
    assert (await the_bill(app, other)).total_minor == 2_500


async def test_new_prices_hold_for_the_calls_from_that_day(app: App, tmp_path: Path, write: Write) -> None:
    """The newer version lists its destinations in another order: a call is looked up in the version it began in."""
    newer = PLAN.replace("1999-10-01", "2026-03-05").replace('  landline: ["01", "02"]\n', "")
    newer = newer.replace('  other_mobiles: ["07"]\n', '  other_mobiles: ["07"]\n  landline: ["01", "02"]\n')
    made = await on_plan(app, tmp_path, f"{PLAN}---\n{newer.replace('0.20', '0.40')}")
    await load(app, write(records()))
    assert (await close_cycles(app, APRIL)).problems == ()
    calls = [(one.label["en"], one.amount_minor) for one in (await the_bill(app, made)).lines if one.code == "calls"]
    # 4 of 31 days bring 12.9 of the 100 minutes; the other 97.1 to landlines at 0.05 and 10 at 0.10, less 17.5 % VAT within.
    # In the newer version 125 and 90 seconds to another network at 0.40.
    assert calls == [
        ("Calls (landline, 1 Mar - 4 Mar)", 413),
        ("Calls (own mobiles, 1 Mar - 4 Mar)", 85),
        ("Calls (other mobiles, 5 Mar - 31 Mar)", 122),
    ]


async def test_an_allowance_that_rolls_over_is_not_forgotten_in_silence(app: App, tmp_path: Path, write: Write) -> None:
    text = PLAN.replace('    units: "100"\n', '    units: "100"\n    rollover: {periods: 1}\n')
    await on_plan(app, tmp_path, text)
    await load(app, write(records()))
    report = await close_cycles(app, APRIL)
    assert report.accounts == 0 and "included_minutes" in report.parked[0].reason


async def test_calls_that_come_after_the_bill_are_on_the_next(app: App, tmp_path: Path, write: Write) -> None:
    made = await on_plan(app, tmp_path)
    await load(app, write(records()))
    await close_cycles(app, APRIL)
    late = "90,MOC,0700000001,07700900000,20260331235900,600,\n91,MOC,0700000001,07700900000,20260402080000,60,\n"
    app.clock.instant = datetime(2026, 5, 1, 9, tzinfo=UTC)  # a clock that is set
    await load(app, write(HEAD + late))
    assert (await close_cycles(app, date(2026, 5, 1))).problems == ()
    app.clock.instant = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a clock that is set
    await load(app, write(HEAD + "92,MOC,0700000001,07700900000,20260510080000,60,\n"))
    assert (await close_cycles(app, date(2026, 6, 1))).problems == ()
    async with app.db.reading() as conn:
        june, may, _ = await queries.last_bills(conn, made.account_id)
        bills = [await queries.bill(conn, invoice_id=one.invoice_id) for one in (may, june)]
    shown = [
        [(one.label["en"], one.amount_minor) for one in bill.lines if one.code.startswith("late")]
        for bill in bills
        if bill
    ]
    # Ten minutes at 0.20, of which 17.5/117.5 are VAT.
    assert shown == [
        [
            ("Correction 1 Mar 2026 - 31 Mar 2026: 133.583333 instead of 123.583333 min", 170),
            ("Tax in the correction 1 Mar 2026 - 31 Mar 2026", 30),
        ],
        [],
    ]
