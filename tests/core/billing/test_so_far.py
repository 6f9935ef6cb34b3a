"""What no bill has yet is reckoned by the code that bills: on the last day it is the bill, before it a part, unknown a guess."""

from datetime import UTC, date, datetime
from pathlib import Path

from core.billing.run.unbilled_usage import SoFar, so_far
from core.clock import SetClock
from core.context import House
from core.journeys.close_cycles import close_cycles
from tests.core.metering.conftest import Write, write
from tests.core.metering.events.world import load
from tests.journeys.test_calls_billed import APRIL, house, on_plan, records, the_bill

__all__ = ["house", "write"]


def _at(house: House, day: int, hour: int = 9, month: int = 3) -> None:
    assert isinstance(house.clock, SetClock)
    house.clock.instant = datetime(2026, month, day, hour, tzinfo=UTC)


async def _now(house: House, account_id: int) -> SoFar:
    async with house.db.reading() as conn:
        return (await so_far(conn, house, [account_id]))[account_id]


async def test_on_the_last_day_it_is_what_the_bill_will_be_and_a_month_that_is_billed_is_in_it_no_more(
    house: House, tmp_path: Path, write: Write
) -> None:
    made = await on_plan(house, tmp_path)
    await load(house, write(records()))
    _at(house, 31, 20)
    before = await _now(house, made.account_id)
    _at(house, 10)
    middle = await _now(house, made.account_id)
    assert 0 < middle.minor < before.minor
    _at(house, 1, month=4)
    assert (await _now(house, made.account_id)).minor == before.minor, "the month is over and no bill has it yet"
    await close_cycles(house, APRIL)
    assert (before.minor, before.guessed) == ((await the_bill(house, made)).total_minor, False)
    assert (await _now(house, made.account_id)).minor < before.minor


async def test_usage_nobody_knows_is_guessed_by_the_days_of_the_last_bill(
    house: House, tmp_path: Path, write: Write
) -> None:
    made = await on_plan(house, tmp_path)
    await load(house, write(records()))
    _at(house, 1, month=4)
    await close_cycles(house, date(2026, 4, 1))
    total = (await the_bill(house, made)).total_minor
    _at(house, 10, month=4)
    found = await _now(house, made.account_id)
    assert (found.guessed, found.minor) == (True, total * 10 // 31)
