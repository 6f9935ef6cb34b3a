"""Half-hourly CSV into the one store: duplicates, revisions, rejects with reasons, control totals, and once."""

import asyncio
import gzip
import os
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.context import App
from core.errors import BadInput
from core.metering.model import FileReport, Total
from core.metering.store import collect, store
from core.metering.store.collect import load_csv
from core.metering.tables import usage, usage_day
from core.onboarding.model import Registered
from tests.core.metering.conftest import Write

HEAD = "customer_id,reading_datetime,kwh\n"


async def _load(app: App, path: Path) -> FileReport:
    report = await load_csv(app, path)
    assert report.rows == report.accepted + report.duplicates + report.revised + report.rejected
    await _days_equal_latest_revisions(app)
    return report


async def _days_equal_latest_revisions(app: App) -> None:
    """`usage_day` says what the latest revisions of `usage` say."""
    async with app.db.reading() as conn:
        rows = (await conn.execute(select(usage).order_by(usage.c.revision))).all()
        latest = {(row.meter_id, row.register, row.day, row.at): row.quantity_micro for row in rows}
        derived: dict[tuple[int, str, date], tuple[int, int]] = {}
        for (meter, register, day, _), quantity in latest.items():
            count, total = derived.get((meter, register, day), (0, 0))
            derived[meter, register, day] = (count + 1, total + quantity)
        kept = await conn.execute(select(usage_day))
        assert derived == {(r.meter_id, r.register, r.day): (r.readings, r.quantity_micro) for r in kept}


async def _rejects(app: App, report: FileReport) -> list[tuple[int, str]]:
    async with app.db.reading() as conn:
        return [(row, reason) for row, _, reason in await store.rejects(conn, report.file_id)]


async def test_half_hours_are_kept_exactly_and_counted_per_meter_and_month(
    app: App, wired: Registered, write: Write
) -> None:
    report = await _load(
        app, write(HEAD + "M1,2026-01-31T23:30,0.099\nM1,2026-02-01T00:00,.1\nM1,2026-02-01 00:30,2\n")
    )
    assert (report.rows, report.accepted, report.quantity_micro) == (3, 3, 2_199_000)
    assert report.totals == {("M1", "2026-01"): Total(1, 99_000), ("M1", "2026-02"): Total(2, 2_100_000)}
    async with app.db.reading() as conn:
        rows = (await conn.execute(select(usage.c.day, usage.c.at, usage.c.minutes).order_by(usage.c.day))).all()
        assert tuple(rows[0]) == (date(2026, 1, 31), 47, 30)


async def test_the_same_file_again_is_answered_with_its_first_report(app: App, wired: Registered, write: Write) -> None:
    path = write(HEAD + "M1,2026-01-01T00:00,1\n")
    first = await _load(app, path)
    again = await _load(app, path)
    assert again.repeated and not first.repeated
    assert (again.file_id, again.accepted, again.totals) == (first.file_id, first.accepted, first.totals)


async def test_the_same_reading_in_another_file_is_a_duplicate_and_another_value_supersedes(
    app: App, wired: Registered, write: Write
) -> None:
    await _load(app, write(HEAD + "M1,2026-01-01T00:00,1\nM1,2026-01-01T00:30,1\n"))
    later = await _load(app, write(HEAD + "M1,2026-01-01T00:00,1.0\nM1,2026-01-01T00:30,3\n"))
    assert (later.accepted, later.duplicates, later.revised, later.quantity_micro) == (0, 1, 1, 2_000_000)
    async with app.db.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(usage))).scalar_one() == 3, "nothing is overwritten"
        assert (await conn.execute(select(usage_day.c.quantity_micro))).scalar_one() == 4_000_000


async def test_of_a_reading_twice_in_one_file_the_last_counts(app: App, wired: Registered, write: Write) -> None:
    report = await _load(app, write(HEAD + "M1,2026-01-01T00:00,1\nM1,2026-01-01T00:00,1\nM1,2026-01-01T00:00,5\n"))
    assert (report.accepted, report.duplicates, report.revised) == (1, 1, 1)
    assert report.quantity_micro == 5_000_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("M9,2026-01-01T00:00,1", "Meter M9 is not known"),
        ("M1,2026-01-01T00:00,-0.1", "less than nothing"),
        ("M1,2026-01-01T00:00,NaN", "not a number"),
        ("M1,2026-01-01T00:00,inf", "not a number"),
        ("M1,2026-01-01T00:00,", "not a number"),
        ("M1,2026-01-01T00:00,1e30", "larger than any reading"),
        ("M1,2026-01-01T00:00,1E+05", "not a number"),
        ("M1,2026-01-01T00:00,1_000", "not a number"),
        ("M1,2026-01-01T00:00,0.0000001", "finer than a millionth"),
        ("M1,2026-06-01T03:00,1", "of the future"),
        ("M1,2024-12-31T23:30,1", "not installed on 2024-12-31"),
        ("M1,2026-01-01T00:10,1", "not one at which an interval of 30 minutes"),
        ("M1,yesterday,1", "not a date or time"),
        ("M1,2026-01-01T00:00", "There are 2 columns, but 3"),
    ],
)
async def test_a_row_that_cannot_be_is_rejected_with_its_number_and_reason(
    app: App, wired: Registered, write: Write, line: str, reason: str
) -> None:
    report = await _load(app, write(HEAD + f"M1,2026-01-02T00:00,1\n{line}\nM1,2026-01-02T00:30,1\n"))
    assert (report.accepted, report.rejected) == (2, 1), "one bad row never costs another"
    [(row, said)] = await _rejects(app, report)
    assert row == 3
    assert reason in said


async def test_a_unit_is_converted_exactly_and_a_wrong_one_refused(app: App, wired: Registered, write: Write) -> None:
    watt_hours = await _load(app, write("meter,start,Wh\nM1,2026-01-01T00:00,1234\n"))
    assert watt_hours.quantity_micro == 1_234_000
    litres = await _load(app, write("meter,start,m3\nM1,2026-01-01T00:30,1\n"))
    assert "m3 is the wrong unit: meter M1 counts kWh" in (await _rejects(app, litres))[0][1]


async def test_a_file_without_the_columns_is_refused_whole(app: App, write: Write) -> None:
    with pytest.raises(BadInput, match=r"line 1: there is no column start"):
        await load_csv(app, write("meter,kwh\nM1,1\n"))
    with pytest.raises(BadInput, match="not readable text"):
        path = write("")
        path.write_bytes(b"\xff\xfe\x00")
        await load_csv(app, path)


async def test_years_are_shifted_for_a_demonstration(app: App, wired: Registered, write: Write) -> None:
    report = await load_csv(app, write(HEAD + "M1,2013-01-01T00:00,1\nM1,2012-02-29T00:00,1\n"), shift_years=12)
    assert list(report.totals) == [("M1", "2025-01")]
    report = await load_csv(app, write(HEAD + "M1,2012-02-29T00:00,2\n"), shift_years=13)
    assert "not a date" in (await _rejects(app, report))[0][1]


async def test_split_and_shuffled_files_store_what_the_whole_file_stores(
    app: App, wired: Registered, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "BATCH", 7)
    lines = [f"M1,2026-01-{day:02}T{hour:02}:30,{day}.{hour:02}\n" for day in (1, 2) for hour in range(12)]
    whole = await _load(app, write(HEAD + "".join(lines)))
    assert whole.accepted == 24
    shuffled = sorted(lines, key=lambda line: line[::-1])
    parts = [await _load(app, write(HEAD + "".join(shuffled[cut::3]))) for cut in range(3)]
    assert [part.duplicates for part in parts] == [8, 8, 8]


async def test_a_killed_load_goes_on_where_it_stood(
    app: App, wired: Registered, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after any commit (or before it), the next call loses nothing, doubles nothing and counts as if never killed."""
    monkeypatch.setattr(collect, "BATCH", 2)
    path = write(HEAD + "M1,2026-01-01T00:00,1\nM1,2026-01-01T00:00,1\nM1,2026-01-01T00:30,x\nM1,2026-01-01T01:00,1\n")

    def dying(_place: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(collect.failpoints, "point", dying)
        with pytest.raises(KeyboardInterrupt):
            await load_csv(app, path)
    report = await _load(app, path)
    assert (report.rows, report.accepted, report.duplicates, report.rejected) == (4, 2, 1, 1)
    assert report.totals == {("M1", "2026-01"): Total(2, 2_000_000)}


async def test_a_load_that_dies_like_kill_minus_nine_is_finished_by_the_next(
    app: App, wired: Registered, write: Write, db_url: str
) -> None:
    path = write(HEAD + "".join(f"M1,2026-01-01T{at:02}:00,1\n" for at in range(10)))
    script = f"""
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.db.engine import Database
from core.context import App
from core.journeys.follow import follow
from core.metering.store import collect
collect.BATCH = 3
operator = Operator.model_validate_json({app.operator.model_dump_json()!r})
app = App(SetClock(datetime(2026, 6, 1, tzinfo=UTC)), operator, Database({db_url!r}), Settings(), follow)
asyncio.run(collect.load_csv(app, Path({str(path)!r})))
"""
    for kills in (1, 2):
        died = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env={**os.environ, "HODI_FAULT": f"metering.batch:{kills}"}
        )
        assert await died.wait() == -9
    report = await _load(app, path)
    assert (report.rows, report.accepted, report.duplicates) == (10, 10, 0)
    assert report.totals == {("M1", "2026-01"): Total(10, 10_000_000)}


async def test_a_file_that_somebody_else_is_loading_is_not_loaded_twice(
    app: App, wired: Registered, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "BATCH", 1)
    path = write(HEAD + "".join(f"M1,2026-01-01T{at:02}:00,1\n" for at in range(10)))
    answers = await asyncio.gather(*(load_csv(app, path) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, FileReport | BadInput) for answer in answers)
    report = await _load(app, path)
    assert (report.rows, report.accepted) == (10, 10)


async def test_a_compressed_file_is_read_and_its_progress_told(app: App, wired: Registered, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "M1,2026-01-01T00:00,1\n").encode()))
    told: list[tuple[int, int]] = []
    report = await load_csv(app, path, progress=lambda done, size: told.append((done, size)))
    assert report.accepted == 1
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
