"""Sessions in Redis over one connection: all commands of a loop tick leave in one write. Redis gone: the embedded store answers.

The two commands of a turn go through hiredis alone, at a quarter of what redis-py's pipeline costs (`docs/why.md`, "Redis"); the
address, Sentinel and the health of the server are redis-py's (`redis_server.py`). The version and the expiry are the first sixteen bytes of a value, so that compare-and-set is a comparison of bytes in a script.
"""

import asyncio
import struct
import time
from collections import deque
from typing import Any, cast

import hiredis
import structlog
from prometheus_client import Counter, Gauge

from core.clock import Clock
from gateway.conversation.redis_server import ANSWER_SECONDS, Address, Gone, RedisServer
from gateway.conversation.sessions import EmbeddedStore, StoredSession

log = structlog.get_logger()

REDIS_UP = Gauge("hodi_sessions_redis_up", "1 while sessions are kept in Redis, 0 while the embedded store stands in")
STOOD_IN = Counter(
    "hodi_sessions_embedded_answers", "Loads and saves the embedded store answered because Redis was gone"
)

CONNECT_SECONDS, AGAIN_SECONDS = 0.5, 1.0
BOTH_SECONDS = 3600.0
"""So long after Redis came back, the embedded store is asked too: it may hold the newer session."""
STANDS_IN = "the embedded store stands in for Redis"

_HEAD = struct.Struct(">Qd")
_SAVE = (
    "local v = redis.call('GETRANGE', KEYS[1], 0, 7) "
    "if v == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PXAT', ARGV[3]) return 1 end return 0"
)


class _Wire(asyncio.Protocol):
    """One connection: commands in, replies out, in order."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._sent = self._replied = 0

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has the methods without being one

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            waiting = self._waiting.popleft()
            self._replied += 1
            if waiting.done():
                continue
            if isinstance(reply, hiredis.HiredisError):
                waiting.set_exception(Gone(str(reply)))
            else:
                waiting.set_result(reply)

    def connection_lost(self, why: Exception | None) -> None:
        self._transport = None
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if not one.done():
                one.set_exception(Gone("the connection to Redis is lost"))

    def ask(self, *command: str | bytes | int) -> "asyncio.Future[Any]":
        """The reply to come. Whatever else is asked in this tick leaves in the same write."""
        if not self.open:
            raise Gone("not connected to Redis")
        if not self._out:
            self._loop.call_soon(self._write)
        self._out.append(hiredis.pack_command(cast("Any", command)))  # its stub knows no int; it packs them
        waiting: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(waiting)
        return waiting

    def _write(self) -> None:
        out, self._out = self._out, []
        self._sent += len(out)
        if self._transport is not None:
            self._transport.write(b"".join(out))
        self._loop.call_later(ANSWER_SECONDS, self._late, self._sent)

    def _late(self, sent: int) -> None:
        """What was sent so long ago must have been answered by now."""
        if self._replied < sent:
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class RedisStore:
    """See `gateway.conversation.sessions.Store`; raises `Gone` whenever Redis cannot answer in time."""

    def __init__(self, url: str, prefix: str = "hodi:session:") -> None:
        self._server = RedisServer(url)
        self._prefix = prefix
        self._wire: _Wire | None = None
        self._opening: asyncio.Lock = asyncio.Lock()
        self._not_before = 0.0
        self._script = ""

    async def load(self, key: str) -> StoredSession | None:
        """See `Store.load`."""
        value = await self._ask("GET", self._prefix + key)
        if value is None:
            return None
        version, expires = _HEAD.unpack_from(value)
        return StoredSession(version, value[_HEAD.size :], expires)

    async def save(self, key: str, kept: StoredSession) -> bool:
        """See `Store.save`."""
        before = b"" if kept.version == 1 else struct.pack(">Q", kept.version - 1)
        value = _HEAD.pack(kept.version, kept.expires) + kept.blob
        expires = int(kept.expires * 1000)
        return bool(await self._ask("EVALSHA", self._script, 1, self._prefix + key, before, value, expires))

    async def _ask(self, *command: str | bytes | int) -> Any:
        wire = self._wire
        if wire is None or not wire.open:
            wire = await self._connected()
        if command[0] == "EVALSHA":
            command = ("EVALSHA", self._script, *command[2:])
        try:
            return await wire.ask(*command)
        except Gone as why:
            if "READONLY" in str(why):  # another leads now
                self._not_before = time.monotonic() + AGAIN_SECONDS
                wire.close()
            elif str(why).startswith("NOSCRIPT"):
                wire.close()
            raise

    async def _connected(self) -> _Wire:
        async with self._opening:
            if self._wire is not None and self._wire.open:
                return self._wire
            if time.monotonic() < self._not_before:
                raise Gone("Redis was not there a moment ago")
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._wire = await self._open()
            except (OSError, TimeoutError, Gone) as why:
                self._not_before = time.monotonic() + AGAIN_SECONDS
                raise Gone(str(why) if isinstance(why, Gone) else "Redis cannot be reached") from why
            return self._wire

    async def _open(self) -> _Wire:
        if hindrance := await self._server.hindrance():
            raise Gone(hindrance)
        address = await self._server.address()
        wire = await _connect(address)
        try:
            if address.login:
                await wire.ask("AUTH", *address.login)
            if address.database:
                await wire.ask("SELECT", address.database)
            self._script = (await wire.ask("SCRIPT", "LOAD", _SAVE)).decode()
        except BaseException:
            wire.close()
            raise
        return wire

    async def told(self) -> str | None:
        """See `Store.told`."""
        await self._ask("PING")
        hindrance = await self._server.hindrance()
        if hindrance and self._wire is not None:
            self._wire.close()
        return hindrance

    async def close(self) -> None:
        """See `Store.close`."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        await self._server.close()


async def _connect(address: Address) -> _Wire:
    loop = asyncio.get_running_loop()
    if address.path:
        _, wire = await loop.create_unix_connection(_Wire, address.path)
    else:
        _, wire = await loop.create_connection(_Wire, address.host, address.port, ssl=address.tls)
    return wire


class RedisWithStandIn:
    """Redis while it answers; the embedded store while it does not, and what the customers did meanwhile is not forgotten."""

    def __init__(self, redis: RedisStore, embedded: EmbeddedStore) -> None:
        self._redis, self._embedded = redis, embedded
        self._both_until = 0.0
        self._away = False
        REDIS_UP.set(1)

    async def load(self, key: str) -> StoredSession | None:
        """See `Store.load`: the newer one, for a while after an absence."""
        try:
            kept = await self._redis.load(key)
        except Gone as why:
            self._stand_in(why)
            return await self._embedded.load(key)
        if self._away:
            self._back()
        if time.monotonic() < self._both_until:
            other = await self._embedded.load(key)
            if other and (kept is None or other.expires > kept.expires):
                return StoredSession(kept.version if kept else 0, other.blob, other.expires)
        return kept

    async def save(self, key: str, kept: StoredSession) -> bool:
        """See `Store.save`."""
        try:
            won = await self._redis.save(key, kept)
        except Gone as why:
            self._stand_in(why)
            return await self._embedded.save(key, kept, anyway=True)
        if self._away:
            self._back()
        return won

    async def told(self) -> str | None:
        """See `Store.told`."""
        await self.load("readyz")
        try:
            return STANDS_IN if self._away else await self._redis.told()
        except Gone:
            return STANDS_IN

    def _stand_in(self, why: Gone) -> None:
        if not self._away:
            log.warning("sessions.embedded_store_stands_in", why=str(why))
        self._away = True
        self._both_until = time.monotonic() + BOTH_SECONDS
        REDIS_UP.set(0)
        STOOD_IN.inc()

    def _back(self) -> None:
        log.warning("sessions.redis_is_back")
        self._away = False
        REDIS_UP.set(1)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._redis.close()
        await self._embedded.close()


def open_store(path: str, redis_url: str | None, clock: Clock) -> EmbeddedStore | RedisWithStandIn:
    """The store of these settings."""
    embedded = EmbeddedStore(path, clock)
    return RedisWithStandIn(RedisStore(redis_url), embedded) if redis_url else embedded
