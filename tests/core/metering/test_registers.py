"""Meters read by hand: judged, held, corrected; estimates that the next reading puts right; exchanges in mid-period."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, update

from core.context import App
from core.metering.consumption.consumption import measure, save
from core.metering.consumption.late import arrivals, changed
from core.metering.consumption.measured import Measured
from core.metering.store import readings
from core.metering.store.readings import Read, Recorded
from core.metering.tables import meter, reading
from core.metering.units import MICRO
from core.onboarding.model import NewCustomer, NewMeter, Registered
from core.onboarding.register import register_customer, register_many
from tests.core.metering.test_consumption import Billed

BY_HAND = NewMeter("W1", code="water", unit="m3", kind="register", interval_minutes=None, dials=5)
START = date(2025, 7, 1)


@pytest.fixture
async def tapped(app: App) -> Registered:
    """A customer with a water meter that is read by hand."""
    async with app.db.writing() as conn:
        return await register_customer(
            conn, app, NewCustomer("Amina", opened_on=START, commodity="water", meter=BY_HAND)
        )


def _read(day: date, units: int, **more: str) -> Read:
    return Read("W1", day, units * MICRO, **more)


async def _take(app: App, *reads: Read) -> list[Recorded]:
    async with app.db.writing() as conn:
        return await readings.record(conn, app, reads)


async def _measured(app: App, service_id: int, from_: date, to: date) -> Measured:
    async with app.db.reading() as conn:
        return await measure(conn, app, [service_id], from_, to)


async def _bill(app: App, service_id: int, from_: date, to: date) -> int:
    """`_bill_micro` in whole units."""
    return await _bill_micro(app, service_id, from_, to) // MICRO


async def _bill_micro(app: App, service_id: int, from_: date, to: date) -> int:
    """Bill a period as a run does: measure, and record what was billed."""
    measured = await _measured(app, service_id, from_, to)
    assert measured.parked == {}
    quantity, estimated = (int(column["water"][0]) for column in (measured.quantity_micro, measured.estimated_micro))
    async with app.db.writing() as conn:
        row = Billed(
            service_id,
            from_,
            to,
            quantity,
            meter_code="water",
            estimated_micro=estimated,
            missing=int(measured.missing["water"][0]),
            invoice_id=1,
        )
        await save(conn, app, [row])
    return quantity


async def _correct(app: App, service_id: int, to: date) -> dict[date, int]:
    """Correct the periods before `to` as a run does: first day -> by how much."""
    async with app.db.writing() as conn:
        found = await changed(conn, app, [service_id], to, await arrivals(conn, app, START))
        for one in found:
            row = Billed(service_id, one.from_date, one.to_date, one.now_micro, meter_code="water", invoice_id=2)
            await save(conn, app, [row], revision=one.revision)
    return {one.from_date: one.now_micro - one.was_micro for one in found}


async def test_a_period_is_the_difference_of_its_readings_times_the_multiplier(app: App) -> None:
    async with app.db.writing() as conn:
        tenfold = replace(BY_HAND, multiplier="10")
        made = await register_customer(
            conn, app, NewCustomer("Amina", opened_on=START, commodity="water", meter=tenfold)
        )
    await _take(app, _read(START, 100), _read(date(2025, 8, 1), 130), _read(date(2025, 9, 1), 145))
    measured = await _measured(app, made.service_id, date(2025, 8, 1), date(2025, 9, 1))
    assert measured.quantity_micro["water"].tolist() == [150 * MICRO]
    assert (measured.missing["water"].tolist(), measured.method["water"]) == ([0], ["measured"])


async def test_what_is_not_read_yet_is_estimated_and_the_next_reading_puts_it_right(
    app: App, tapped: Registered
) -> None:
    """One unit a day is carried on to the end of August; the reading of October says it was less from the 21st on."""
    july, august, september, october, november = (date(2025, month, 1) for month in range(7, 12))
    await _take(app, _read(july, 0), _read(august, 31), _read(date(2025, 8, 21), 51))
    assert await _bill(app, tapped.service_id, july, august) == 31
    measured = await _measured(app, tapped.service_id, august, september)
    assert measured.estimated_micro["water"].tolist() == [11 * MICRO]
    assert (measured.missing["water"].tolist(), measured.method["water"]) == ([11], ["average"])
    assert await _bill(app, tapped.service_id, august, september) == 31
    assert await _correct(app, tapped.service_id, september) == {}, "still an estimate, and the same one"
    await _take(app, _read(october, 61), _read(november, 80))
    assert await _bill_micro(app, tapped.service_id, september, october) == 10 * MICRO - 10 * MICRO * 11 // 41
    off = await _correct(app, tapped.service_id, october)
    assert off == {august: 20 * MICRO + 10 * MICRO * 11 // 41 - 31 * MICRO}, "11 of 41 days of a slow autumn"
    assert await _correct(app, tapped.service_id, october) == {}, "once"
    assert await _bill(app, tapped.service_id, october, november) == 80 - 61


async def test_all_periods_together_come_to_last_minus_first_reading(app: App, tapped: Registered) -> None:
    """Read in the middle of months, late, and once far less than was estimated: the sum is right all the same."""
    shown = {0: 10, 20: 60, 55: 99, 80: 104, 118: 131, 140: 140, 173: 148, 184: 150}
    reads = [_read(START + timedelta(days=offset), units) for offset, units in shown.items()]
    bounds = [*(date(2025, month, 1) for month in range(7, 13)), date(2026, 1, 1)]
    total = 0
    for from_, to in pairwise(bounds):
        await _take(app, *(read for read in reads if read.read_on <= to))
        total += await _bill_micro(app, tapped.service_id, from_, to)
        total += sum((await _correct(app, tapped.service_id, to)).values())
    assert total == (150 - 10) * MICRO


async def test_an_exchange_in_mid_period_counts_both_meters(app: App) -> None:
    change = date(2025, 8, 16)
    async with app.db.writing() as conn:
        old = replace(BY_HAND, removed_on=change)
        made = await register_customer(conn, app, NewCustomer("Amina", opened_on=START, commodity="water", meter=old))
        spare = replace(BY_HAND, serial="W2", installed_on=change)
        [other] = await register_many(conn, app, [NewCustomer("x", opened_on=START, commodity="water", meter=spare)])
        await conn.execute(update(meter).where(meter.c.id == other.meter_id).values(service_id=made.service_id))
    await _take(app, _read(START, 100), _read(date(2025, 8, 1), 120), _read(change, 127))
    await _take(app, Read("W2", change, 0), Read("W2", date(2025, 9, 1), 9 * MICRO))
    assert await _bill(app, made.service_id, START, date(2025, 8, 1)) == 20
    assert await _bill(app, made.service_id, date(2025, 8, 1), date(2025, 9, 1)) == 7 + 9
    await _take(app, Read("W2", date(2025, 10, 1), 15 * MICRO))
    assert await _bill(app, made.service_id, date(2025, 9, 1), date(2025, 10, 1)) == 6


async def test_a_meter_without_two_readings_is_parked(app: App, tapped: Registered) -> None:
    await _take(app, _read(START, 0))
    measured = await _measured(app, tapped.service_id, START, date(2025, 8, 1))
    assert "no readings of meter W1" in measured.parked[0]


async def test_a_reading_again_is_a_duplicate_and_another_value_a_revision(app: App, tapped: Registered) -> None:
    assert [one.state for one in await _take(app, _read(START, 5), _read(START, 5))] == ["accepted", "duplicate"]
    assert [one.state for one in await _take(app, _read(START, 6))] == ["accepted"]
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.max(reading.c.revision)))).scalar_one() == 1


async def test_a_rollback_is_held_and_stops_the_bill_until_somebody_looked(app: App, tapped: Registered) -> None:
    await _take(app, _read(START, 100), _read(date(2025, 8, 1), 130))
    [answer] = await _take(app, _read(date(2025, 8, 28), 90))
    assert answer.state == "held"
    assert "lower than the one before" in (answer.reason or "")
    measured = await _measured(app, tapped.service_id, date(2025, 8, 1), date(2025, 9, 1))
    assert measured.parked == {0: answer.reason}
    async with app.db.writing() as conn:
        held = (await conn.execute(select(reading.c.id).where(reading.c.state == "held"))).scalar_one()
        assert await readings.release(conn, app, held, "user:grace")
        assert not await readings.release(conn, app, held, "user:grace")


async def test_a_register_that_turned_over_is_believed_when_the_use_is_usual(app: App, tapped: Registered) -> None:
    answers = await _take(app, _read(START, 99_900), _read(date(2025, 8, 1), 99_950), _read(date(2025, 9, 1), 10))
    assert [one.state for one in answers] == ["accepted"] * 3
    assert await _bill(app, tapped.service_id, date(2025, 8, 1), date(2025, 9, 1)) == 60


@pytest.mark.parametrize(
    ("read", "state", "reason"),
    [
        (_read(date(2025, 8, 1), 99_999), "held", "far above its usual use"),
        (Read("W9", START, 0), "rejected", "Meter W9 is not known"),
        (_read(date(2027, 1, 1), 1), "rejected", "of the future"),
        (_read(date(2025, 6, 30), 1), "rejected", "not installed on 2025-06-30"),
        (_read(date(2025, 8, 1), 100_000), "rejected", "does not fit on the 5 dials"),
        (_read(date(2025, 8, 1), 1, source="guess"), "rejected", "'guess' is no source"),
        (_read(date(2025, 7, 5), 400), "held", "higher than a later one"),
    ],
)
async def test_a_reading_that_cannot_be_says_why(
    app: App, tapped: Registered, read: Read, state: str, reason: str
) -> None:
    await _take(app, _read(START, 100), _read(date(2025, 7, 11), 110), _read(date(2025, 7, 21), 120))
    [answer] = await _take(app, read)
    assert answer.state == state
    assert reason in (answer.reason or "")


async def test_of_two_sources_on_a_day_the_better_counts(app: App, tapped: Registered) -> None:
    end = date(2025, 8, 1)
    await _take(app, _read(START, 0), _read(end, 28, source="customer"), _read(end, 30), _read(end, 29, source="smart"))
    assert await _bill(app, tapped.service_id, START, end) == 30
