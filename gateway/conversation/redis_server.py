"""Which Redis a URL means, and how it fares: redis-py reads the address, asks Sentinel who leads, and looks after its health.

`redis://`, `rediss://` and `unix://` as redis-py writes them (`?ssl_ca_certs=...`, `?db=2`); `redis+sentinel://` names the
Sentinels and the service: `redis+sentinel://user:password@one:26379,two:26379/hodi/0?sentinel_password=...`. A cluster is refused:
a session is one small key, and one server of Redis keeps more of them than a country has phones.
"""

import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import ConnectionPool, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from core.errors import BadInput

ANSWER_SECONDS = 1.0
SENTINEL, SENTINEL_PORT, PORT = "+sentinel", 26379, 6379
REMEDY = (
    "Write redis://host:6379/0, rediss://host:6379/0, unix:///path/to/redis.sock or "
    "redis+sentinel://host:26379,host:26379/service/0."
)
CLUSTER = "Redis is a cluster, which cannot keep sessions: point HODI_REDIS_URL at a server of its own"
REPLICA = "Redis is a replica, and keeps nothing that is given to it"


class Gone(ConnectionError):
    """Redis does not answer, or cannot keep a session."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect, and what to say first."""

    host: str
    port: int
    path: str
    """Of a socket on this machine; else empty."""
    tls: ssl.SSLContext | None
    login: tuple[str, ...]
    """(password,) or (user, password), or nothing."""
    database: int


class RedisServer:
    """The server behind a URL. Raises `BadInput` for a URL that cannot be used, and `Gone` for a server that cannot."""

    def __init__(self, url: str) -> None:
        split = urlsplit(url)
        self._sentinel: Sentinel | None = None
        self._service = ""
        if split.scheme.endswith("+cluster"):
            raise _wrong("names a cluster.")
        try:
            self._read(split)
        except (ValueError, RedisError) as why:
            raise _wrong("is not an address of Redis.") from why  # its own words may quote the password

    def _read(self, split: SplitResult) -> None:
        scheme, login, hosts, path = split.scheme, *_parted(split.netloc), split.path
        with_sentinels = scheme.endswith(SENTINEL)
        if with_sentinels:
            service, _, database = path.strip("/").partition("/")
            if not service:
                raise ValueError("no service")
            scheme, path = scheme.removesuffix(SENTINEL), f"/{database}"
        address = split._replace(scheme=scheme, netloc=login + hosts[0], path=path)
        options: dict[str, Any] = dict(parse_url(address.geturl()))
        of_sentinels = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
        once = {
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        self._options = {**once, **options}
        self._tls = SSLConnection(**_without_class(options)).ssl_context.get() if scheme == "rediss" else None
        if with_sentinels:
            self._service = service
            self._sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py left it out
                [_host_and_port(host) for host in hosts], sentinel_kwargs={**once, **of_sentinels}
            )
            more: dict[str, Any] = {**_without_class(self._options), "ssl": scheme == "rediss"}
            self._client: Redis = self._sentinel.master_for(service, **more)
        else:
            self._client = Redis(connection_pool=ConnectionPool(**self._options))

    async def address(self) -> Address:
        """Where it listens now; with Sentinel that is whoever leads."""
        options = self._options
        host, port = options.get("host", "127.0.0.1"), options.get("port", PORT)
        if self._sentinel is not None:
            try:
                host, port = await self._sentinel.discover_master(self._service)
            except (RedisError, OSError) as why:
                raise Gone("Sentinel knows of no leading Redis") from why
        login = tuple(options[name] for name in ("username", "password") if options.get(name))
        return Address(host, int(port), options.get("path", ""), self._tls, login, int(options.get("db") or 0))

    async def hindrance(self) -> str | None:
        """Why it cannot keep sessions though it answers; None when it can. Raises `Gone` when it does not answer."""
        try:
            info = await self._client.info()
        except ResponseError:
            return None  # it answers, and this user may not ask: the first session will show it
        except (RedisError, OSError) as why:
            raise Gone("Redis does not answer") from why
        if info.get("cluster_enabled"):
            return CLUSTER
        if info.get("role", "master") == "master":
            return None
        await self._client.connection_pool.disconnect()  # the next look goes to whoever leads by then
        return REPLICA

    async def close(self) -> None:
        """Let go of the connections for health and Sentinel."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()
        for node in self._sentinel.sentinels if self._sentinel else ():
            await node.aclose()


def _parted(netloc: str) -> tuple[str, list[str]]:
    """`user:password@`, and the hosts."""
    login, at, hosts = netloc.rpartition("@")
    return login + at, hosts.split(",")


def _host_and_port(host: str) -> tuple[str, int]:
    node = urlsplit(f"//{host}")
    if not node.hostname:
        raise ValueError("no host")
    return node.hostname, node.port or SENTINEL_PORT


def _without_class(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "connection_class"}


def _wrong(what: str) -> BadInput:
    return BadInput("HODI_REDIS_URL", f"it {what}", REMEDY)
