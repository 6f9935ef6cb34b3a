"""A million calls in one file: all kept, the books of the file true, the bar moves on, and memory does not grow with the file."""

import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.context import App
from core.metering import verify
from core.metering.store import collect
from tests.core.metering.events.world import HEAD, a_line, cdr

RECORDS = 1_000_000


def written(path: Path, records: int) -> None:
    first = datetime(2026, 2, 1)  # noqa: DTZ001 - as a switch writes it
    with path.open("w") as file:
        file.write(HEAD)
        for at in range(records):
            file.write(f"{at},MOC,0700000001,0711,{first + timedelta(seconds=at):%Y%m%d%H%M%S},{at % 600},\n")


@pytest.mark.soak
async def test_a_million_calls(app: App, tmp_path: Path) -> None:
    await a_line(app)
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    written(small, RECORDS // 10)
    written(large, RECORDS)
    peaks = []
    told: list[tuple[int, int]] = []
    for path, records, new in ((small, RECORDS // 10, RECORDS // 10), (large, RECORDS, RECORDS - RECORDS // 10)):
        tracemalloc.start()
        report = await collect.load(app, cdr(app, path), lambda done, of: told.append((done, of)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (report.rows, report.accepted, report.duplicates) == (records, new, records - new)
    assert peaks[1] < 1.5 * peaks[0]
    assert [done for done, _ in told[-50:]] == sorted(done for done, _ in told[-50:])
    assert told[-1][0] == told[-1][1]
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
