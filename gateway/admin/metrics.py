"""What a watcher wants to know: how many requests, how long they took, what waits in the outbox and in the spool, where sessions
are kept, and how the process fares. No customer in any label. A counter is looked up once for each of its labels."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from core.access import attempts
from core.audit import alarms
from core.overview import dead_letters
from gateway.address import from_this_machine
from gateway.admin.auth import machine
from gateway.admin.described import Handler, NotGranted, described
from gateway.admin.edge import route_of
from gateway.app_keys import APP

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
OUTBOX_STATES = ("waiting", "claimed", "sent", "delivered", "failed", "dropped", "unknown", "dead")


class Meters:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("hodi_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "hodi_request_seconds", "Time to answer", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self.outbox = Gauge("hodi_outbox_rows", "Outbox rows by state", ("state",), registry=self.registry)
        self.alarms = Gauge("hodi_alarms", "Alarms of the last 24 hours", ("kind",), registry=self.registry)
        self.codes = Gauge("hodi_codes_hour", "One-time codes asked for within the hour", registry=self.registry)
        self._known: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer, under its route's own name (no id, no token)."""
        key = _method(method), route, status
        known = self._known.get(key)
        if known is None:
            counted = self.requests.labels(key[0], route, str(status))
            known = self._known[key] = (counted.inc, self.seconds.labels(route).observe)
        known[0]()
        known[1](seconds)


METERS: web.AppKey[Meters] = web.AppKey("meters", Meters)


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count and time each answer, under its route's own name (no id, no token)."""
    meters, loop = request.app[METERS], asyncio.get_running_loop()
    began, status = loop.time(), 500
    try:
        answer = await handler(request)
        status = answer.status
        return answer
    except web.HTTPException as why:
        status = why.status
        raise
    finally:
        meters.answered(request.method, route_of(request), status, loop.time() - began)


def _method(method: str) -> str:
    return method if method in METHODS else "other"


def _rows(states: Iterable[str], counted: dict[str, int]) -> Iterable[tuple[str, int]]:
    return ((state, counted.get(state, 0)) for state in states)


@described(summary="Counters in the Prometheus text format", also=("metrics.see",))
async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: for this machine, or with an API key that may `metrics.see` (the role `watcher`)."""
    meters, app = request.app[METERS], request.app[APP]
    if not from_this_machine(request):
        who = await machine(request)
        if not who.may("metrics.see"):
            raise NotGranted(who.role)
    async with app.db.reading() as conn:
        counted = await dead_letters.waiting(conn)
        rung = await alarms.counted(conn, app.clock.now() - timedelta(days=1))
        codes = await attempts.taken(conn, app, "code.house", "")
    for kind, count in rung.items():
        meters.alarms.labels(kind).set(count)
    meters.codes.set(codes)
    for state, count in _rows(OUTBOX_STATES, counted):
        meters.outbox.labels(state).set(count)
    body = generate_latest(meters.registry) + generate_latest(REGISTRY)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def routes() -> list[web.RouteDef]:
    """The route."""
    return [web.get("/metrics", metrics)]
