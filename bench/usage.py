"""How fast usage is collected against its limit: the driver's own executemany of the same rows into the same table, in one
transaction of the same run, with nothing read, parsed, judged or counted.

Half-hourly CSV of 25 meters, as many days as the size asks for; then the same file with every value changed (all revisions).
"""

import asyncio
import sqlite3
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

from bench import usage_events
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.metering.consumption.consumption import measure
from core.metering.store.collect import load_csv
from core.migrations import upgrade
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_many

Figure = dict[str, Any]
SIZES = (24_000, 72_000, 216_000)
METERS, SLOTS = 25, 48
FIRST = date(2025, 1, 1)


def written(path: Path, records: int, extra: int = 0) -> None:
    """A file of so many half-hours, meter after meter; `extra` thousandths are added to every value."""
    days = records // METERS // SLOTS
    with path.open("w", encoding="utf-8") as file:
        file.write("customer_id,reading_datetime,kwh\n")
        for meter in range(METERS):
            for at in range(days * SLOTS):
                moment = datetime(2025, 1, 1) + timedelta(minutes=30 * at)  # noqa: DTZ001 - as meters write it
                thousandths = (at * 7 + meter * 13) % 1_900 + extra
                file.write(f"M{meter},{moment:%Y-%m-%dT%H:%M},{thousandths // 1000}.{thousandths % 1000:03}\n")


async def house_of(folder: Path) -> tuple[App, list[int]]:
    """A fresh house on SQLite with the meters, and their services."""
    db = Database(f"sqlite+aiosqlite:///{folder / 'bench.db'}")
    await upgrade(db.engine)
    operator = Operator(
        name="Bench",
        short_name="Bench",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
        default_tariff="home",
    )
    app = App(SetClock(datetime(2026, 1, 1, tzinfo=UTC)), operator, db, Settings(), follow)
    customers = [NewCustomer(f"C{at}", opened_on=FIRST, meter=NewMeter(f"M{at}")) for at in range(METERS)]
    async with db.writing() as conn:
        made = await register_many(conn, app, customers)
    return app, [one.service_id for one in made]


def limit_seconds(database: Path, scratch: Path, table: str = "usage", order: str = "") -> float:
    """Seconds of one executemany of the rows that `database` holds, into an empty table of the same shape."""
    with sqlite3.connect(database) as source:
        [(sql,)] = source.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
        indexes = source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = 'index' AND sql IS NOT NULL", (table,)
        )
        shape = [sql, *(sql for (sql,) in indexes)]
        found = source.execute(f"SELECT * FROM {table}{order}")
        names = [column[0] for column in found.description]
        rows = found.fetchall()
    target = sqlite3.connect(scratch, isolation_level=None)
    for sql in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", *shape, "BEGIN"):
        target.execute(sql)
    start = time.perf_counter()
    target.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)
    target.execute("COMMIT")
    seconds = time.perf_counter() - start
    target.close()
    return seconds


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def one_size(records: int, folder: Path) -> list[Figure]:
    """Collecting a file of new readings, the same file again, one of revisions, and measuring a month."""
    app, services = await house_of(folder)
    new, revised = folder / "new.csv", folder / "revised.csv"
    written(new, records)
    written(revised, records, extra=1)
    first = await timed(lambda: load_csv(app, new))
    limit = await asyncio.to_thread(limit_seconds, folder / "bench.db", folder / "limit.db")
    second = await timed(lambda: load_csv(app, revised))
    async with app.db.reading() as conn:
        month = await timed(lambda: measure(conn, app, services, FIRST, FIRST + timedelta(days=14)))
    await app.db.close()
    return [
        _rate(f"usage, new readings, {records:,}", records, first, limit),
        _rate(f"usage, revisions, {records:,}", records, second, limit),
        {
            "name": f"measuring {METERS} meters' two weeks out of {records:,}",
            "value": month * 1e3,
            "unit": "ms",
            "limit": limit * 1e3 * METERS * 14 * SLOTS / records,
            "peak_mb": 0.0,
            "ratio": limit * METERS * 14 * SLOTS / records / month,
        },
    ]


def _rate(name: str, records: int, seconds: float, limit: float) -> Figure:
    return {
        "name": name,
        "value": records / seconds,
        "unit": "records/s",
        "limit": records / limit,
        "ratio": limit / seconds,
        "peak_mb": 0.0,
    }


async def peak_mb(records: int, folder: Path) -> float:
    """Most memory at once while a file is collected."""
    app, _ = await house_of(folder)
    path = folder / "new.csv"
    written(path, records)
    tracemalloc.start()
    await load_csv(app, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    await app.db.close()
    return peak / 2**20


def run() -> list[Figure]:
    """Every figure of collection, and how its cost grows with size (1.0 is linear)."""
    by_size = [_in_folder(one_size, records) for records in SIZES]
    figures = [figure for figures in by_size for figure in figures]
    figures[-3]["peak_mb"] = _in_folder(peak_mb, SIZES[1])
    small, large = by_size[0][0]["value"], by_size[-1][0]["value"]
    growth = 1 + log(small / large) / log(SIZES[-1] / SIZES[0])
    name = "growth of collecting new readings"
    figures.append(
        {"name": name, "value": growth, "unit": "exponent", "limit": 1.0, "ratio": 1 / growth, "peak_mb": 0.0}
    )
    return figures + usage_events.run(timed, limit_seconds)


def _in_folder(work: Callable[[int, Path], Any], records: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(work(records, Path(folder)))
