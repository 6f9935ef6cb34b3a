"""Every address of Redis that we say we take is taken, with a real server behind it; what cannot keep sessions is refused clearly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import BadInput
from gateway.conversation.redis_server import CLUSTER, REPLICA, RedisServer
from gateway.conversation.sessions import EmbeddedStore, StoredSession
from gateway.conversation.sessions_redis import STANDS_IN, Gone, RedisStore, RedisWithStandIn, open_store
from tests.gateway.test_sessions import SOON, Valkey, valkey  # noqa: F401 - a fixture

KEPT = StoredSession(1, b"where it stands", SOON)


@asynccontextmanager
async def running(folder: Path, *options: str) -> AsyncIterator[Valkey]:
    server = Valkey(folder, *options)
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@asynccontextmanager
async def sentinel_of(leader: Valkey, folder: Path) -> AsyncIterator[Valkey]:
    """A Sentinel that watches `leader` under the name hodi."""
    config = folder / "sentinel.conf"
    config.write_text(f"sentinel monitor hodi 127.0.0.1 {leader.port} 1\n")
    async with running(folder, str(config), "--sentinel") as server:
        yield server


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1000):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


async def keeps(url: str) -> None:
    store = RedisStore(url)
    assert await store.save("a", KEPT)
    assert await store.load("a") == KEPT
    assert await store.told() is None
    await store.close()


async def refused(url: str, why: str) -> None:
    store = RedisStore(url)
    with pytest.raises(Gone, match=why):
        await store.load("a")
    await store.close()


async def test_a_socket_of_this_machine(tmp_path: Path) -> None:
    socket = tmp_path / "r.sock"
    async with running(tmp_path, "--unixsocket", str(socket)):
        await keeps(f"unix://{socket}?db=1")


@pytest.mark.parametrize("login", ["hodi:p%40ss@", ":for-all@"])
async def test_a_user_and_a_password(valkey: Valkey, login: str) -> None:  # noqa: F811
    async with valkey.admin as admin:
        await admin.execute_command("ACL", "SETUSER", "hodi", "on", ">p@ss", "~*", "+@all")
        await admin.execute_command("ACL", "SETUSER", "default", ">for-all", "resetpass", ">for-all")
        await keeps(f"redis://{login}127.0.0.1:{valkey.port}/2")
        await refused(f"redis://hodi:wrong@127.0.0.1:{valkey.port}", "does not answer")


async def test_sentinel_says_who_leads_also_after_another_has_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.conversation.sessions_redis.AGAIN_SECONDS", 0.01)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running(tmp_path))
        second = await stack.enter_async_context(running(tmp_path))
        sentinel = await stack.enter_async_context(sentinel_of(first, tmp_path))
        redis = RedisStore(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/hodi/0")
        store = RedisWithStandIn(redis, EmbeddedStore(tmp_path / "s.db"))
        stack.push_async_callback(store.close)
        assert await store.save("a", KEPT)
        assert await store.told() is None
        async with sentinel.admin as admin, first.admin as demoted:
            await admin.execute_command("SENTINEL", "REMOVE", "hodi")
            await admin.execute_command("SENTINEL", "MONITOR", "hodi", "127.0.0.1", second.port, 1)
            await demoted.execute_command("REPLICAOF", "127.0.0.1", second.port)
        assert await store.save("b", KEPT), "the stand-in takes what the one that was demoted refused"

        async def back() -> bool:
            await store.load("b")
            return await store.told() is None

        await until(back)
        assert await store.save("c", KEPT)
        async with second.admin as admin:
            assert await admin.exists("hodi:session:c")


async def test_a_cluster_and_a_replica_keep_nothing_and_it_is_said_why(
    tmp_path: Path,
    valkey: Valkey,  # noqa: F811
) -> None:
    async with running(tmp_path, "--cluster-enabled", "yes") as cluster:
        await refused(cluster.url, CLUSTER)
    async with running(tmp_path, "--replicaof", "127.0.0.1", str(valkey.port)) as replica:
        await refused(replica.url, REPLICA)
        store = RedisWithStandIn(RedisStore(replica.url), EmbeddedStore(tmp_path / "s.db"))
        assert await store.save("a", KEPT)
        assert await store.told() == STANDS_IN
        await store.close()


async def test_one_that_became_a_replica_is_told_before_anybody_saves(valkey: Valkey, tmp_path: Path) -> None:  # noqa: F811
    store = RedisStore(valkey.url)
    assert await store.told() is None
    async with valkey.admin as admin:
        await admin.execute_command("REPLICAOF", "127.0.0.1", valkey.port + 1)
    assert await store.told() == REPLICA
    await store.close()


async def test_tls_is_verified_unless_the_address_says_otherwise() -> None:
    server = RedisServer("rediss://cache.example:6380/3")
    address = await server.address()
    assert (address.host, address.port, address.database) == ("cache.example", 6380, 3)
    assert address.tls is not None
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    lenient = (await RedisServer("rediss://cache.example?ssl_cert_reqs=none").address()).tls
    assert lenient is not None
    assert lenient.verify_mode == ssl.CERT_NONE
    await server.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://cache:s3cret@x",
        "redis+cluster://:s3cret@one:6379,two:6379",
        "redis+sentinel://:s3cret@one:26379,two:26379",
        "redis+sentinel://:s3cret@one:26379,/hodi",
        "redis://:s3cret@cache:port/0",
        "redis://:s3cret@cache?socket_timeout=soon",
    ],
)
async def test_what_is_no_address_is_refused_with_a_remedy_and_without_its_password(
    url: str, tmp_path: Path, clock: SetClock
) -> None:
    with pytest.raises(BadInput) as refused:
        open_store(str(tmp_path / "s.db"), url, clock)
    assert "HODI_REDIS_URL" in str(refused.value)
    assert "redis+sentinel://host" in refused.value.remedy
    assert "s3cret" not in str(refused.value)
