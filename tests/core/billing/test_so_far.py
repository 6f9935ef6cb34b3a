"""What no bill has yet is reckoned by the code that bills: on the last day it is the bill, before it a part, unknown a guess."""

from datetime import UTC, date, datetime
from pathlib import Path

from core.billing.run.unbilled_usage import SoFar, so_far
from core.clock import SetClock
from core.context import App
from core.journeys.close_cycles import close_cycles
from tests.core.metering.conftest import Write, write
from tests.core.metering.events.world import load
from tests.journeys.test_calls_billed import APRIL, app, on_plan, records, the_bill

__all__ = ["app", "write"]


def _at(app: App, day: int, hour: int = 9, month: int = 3) -> None:
    assert isinstance(app.clock, SetClock)
    app.clock.instant = datetime(2026, month, day, hour, tzinfo=UTC)


async def _now(app: App, account_id: int) -> SoFar:
    async with app.db.reading() as conn:
        return (await so_far(conn, app, [account_id]))[account_id]


async def test_on_the_last_day_it_is_what_the_bill_will_be_and_a_month_that_is_billed_is_in_it_no_more(
    app: App, tmp_path: Path, write: Write
) -> None:
    made = await on_plan(app, tmp_path)
    await load(app, write(records()))
    _at(app, 31, 20)
    before = await _now(app, made.account_id)
    _at(app, 10)
    middle = await _now(app, made.account_id)
    assert 0 < middle.minor < before.minor
    _at(app, 1, month=4)
    assert (await _now(app, made.account_id)).minor == before.minor, "the month is over and no bill has it yet"
    await close_cycles(app, APRIL)
    assert (before.minor, before.guessed) == ((await the_bill(app, made)).total_minor, False)
    assert (await _now(app, made.account_id)).minor < before.minor


async def test_usage_nobody_knows_is_guessed_by_the_days_of_the_last_bill(
    app: App, tmp_path: Path, write: Write
) -> None:
    made = await on_plan(app, tmp_path)
    await load(app, write(records()))
    _at(app, 1, month=4)
    await close_cycles(app, date(2026, 4, 1))
    total = (await the_bill(app, made)).total_minor
    _at(app, 10, month=4)
    found = await _now(app, made.account_id)
    assert (found.guessed, found.minor) == (True, total * 10 // 31)
