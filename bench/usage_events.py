"""How fast a switch's file of calls is collected, against the same limit: one executemany of the same rows, in the order they came.

Calls of 2,000 lines in the order of their start, each with a number of its own. Memory is measured apart, because measuring costs.
"""

import asyncio
import tempfile
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.metering.events.mapping import Mapping
from core.metering.store.collect import coming, load
from core.migrations import upgrade
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_many

Figure = dict[str, Any]
Timed = Callable[[Callable[[], Awaitable[object]]], Awaitable[float]]
SIZES = (25_000, 200_000)
LINES = 2_000
MAPPING = Mapping.model_validate(
    {
        "fields": {
            "party": "calling",
            "at": {"column": "start", "format": "%Y%m%d%H%M%S"},
            "use": "voice",
            "quantity": {"column": "seconds", "unit": "s"},
            "destination": "called",
            "record": "id",
        }
    }
)


def written(path: Path, records: int) -> None:
    """A file of so many calls, one a second."""
    first = datetime(2025, 6, 1)  # noqa: DTZ001 - as a switch writes it
    with path.open("w", encoding="utf-8") as file:
        file.write("id,calling,called,start,seconds\n")
        for at in range(records):
            start = first + timedelta(seconds=at)
            file.write(
                f"{at},+2547{at * 7919 % LINES:08},07{at * 31 % 10_000:08},{start:%Y%m%d%H%M%S},{at * 17 % 600}\n"
            )


async def house_of(folder: Path) -> App:
    """A fresh house on SQLite with the lines."""
    db = Database(f"sqlite+aiosqlite:///{folder / 'bench.db'}")
    await upgrade(db.engine)
    operator = Operator(
        name="Bench",
        short_name="Bench",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
        default_tariff="go",
    )
    app = App(SetClock(datetime(2026, 1, 1, tzinfo=UTC)), operator, db, Settings(), follow)
    people = [
        NewCustomer(
            f"C{at}",
            opened_on=date(2025, 1, 1),
            commodity="mobile",
            meter=NewMeter(f"+2547{at:08}", "line", "event", "line", None),
        )
        for at in range(LINES)
    ]
    await db.reserve_ids(20 * LINES)
    async with db.writing() as conn:
        await register_many(conn, app, people)
    return app


async def one_size(records: int, folder: Path, timed: Timed, limit_seconds: Callable[..., float]) -> list[Figure]:
    """Collecting a file of new calls, and the same calls again in another file."""
    app = await house_of(folder)
    path, again = folder / "new.csv", folder / "again.csv"
    written(path, records)
    first = await timed(lambda: load(app, coming(app, "cdr", path, mapping=MAPPING)))
    limit = await asyncio.to_thread(
        limit_seconds, folder / "bench.db", folder / "limit.db", "usage_event", " ORDER BY row"
    )
    again.write_bytes(path.read_bytes() + b"\n")
    second = await timed(lambda: load(app, coming(app, "cdr", again, mapping=MAPPING)))
    await app.db.close()
    return [
        _rate(f"calls, new, {records:,}", records, first, limit),
        _rate(f"calls, all known already, {records:,}", records, second, limit),
    ]


async def peak_mb(records: int, folder: Path) -> float:
    """Most memory at once while a file is collected."""
    app = await house_of(folder)
    path = folder / "new.csv"
    written(path, records)
    tracemalloc.start()
    await load(app, coming(app, "cdr", path, mapping=MAPPING))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    await app.db.close()
    return peak / 2**20


def _rate(name: str, records: int, seconds: float, limit: float) -> Figure:
    return {
        "name": name,
        "value": records / seconds,
        "unit": "records/s",
        "limit": records / limit,
        "ratio": limit / seconds,
        "peak_mb": 0.0,
    }


def run(timed: Timed, limit_seconds: Callable[..., float]) -> list[Figure]:
    """Every figure, its memory at both sizes, and how the cost grows with size."""
    by_size = [_in_folder(one_size, records, timed, limit_seconds) for records in SIZES]
    for records, figures in zip(SIZES, by_size, strict=True):
        figures[0]["peak_mb"] = _in_folder(peak_mb, records)
    growth = 1 + log(by_size[0][0]["value"] / by_size[-1][0]["value"]) / log(SIZES[-1] / SIZES[0])
    grows = {
        "name": "growth of collecting calls",
        "value": growth,
        "unit": "exponent",
        "limit": 1.0,
        "ratio": 1 / growth,
        "peak_mb": 0.0,
    }
    return [*by_size[0], *by_size[1], grows]


def _in_folder(work: Callable[..., Any], *given: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(work(given[0], Path(folder), *given[1:]))
