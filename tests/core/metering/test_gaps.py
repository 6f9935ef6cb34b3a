"""Days that lack readings, by the length each day has, and days that have not 24 hours."""

from dataclasses import replace
from datetime import date

from core.context import App
from core.metering.store.collect import load_csv
from core.metering.vee.gaps import Gap, gaps, odd_days
from core.onboarding.model import Registered
from tests.core.metering.conftest import Write

CSV = "customer_id,reading_datetime,kwh\n"


def _day(day: str, slots: int) -> str:
    return "".join(f"M1,{day}T{at // 2:02}:{at % 2 * 30:02},1\n" for at in range(slots))


async def test_a_day_has_as_many_readings_as_it_has_half_hours(app: App, wired: Registered, write: Write) -> None:
    app = replace(app, operator=app.operator.model_copy(update={"zone": "Europe/London"}))
    short = "".join(f"M1,2026-03-29T{at // 2:02}:{at % 2 * 30:02},1\n" for at in range(48) if at // 2 != 1)
    await load_csv(app, write(CSV + _day("2026-03-27", 48) + _day("2026-03-28", 47) + short))
    async with app.db.reading() as conn:
        found = await gaps(conn, app, date(2026, 3, 27), date(2026, 3, 31))
    assert found == [Gap("M1", "", date(2026, 3, 28), 47, 48, 24), Gap("M1", "", date(2026, 3, 30), 0, 48, 24)]
    assert odd_days(app, date(2026, 3, 1), date(2026, 11, 1)) == [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)]


async def test_no_more_gaps_are_told_than_asked_for(app: App, wired: Registered) -> None:
    async with app.db.reading() as conn:
        assert len(await gaps(conn, app, date(2026, 1, 1), date(2026, 3, 1), limit=7)) == 7
