"""Is it alive, and can it work: for whatever restarts the process, and for whatever sends it traffic.

Alive asks nothing. Ready asks each thing a turn needs (`gateway.app_keys.CHECKS`), all at once and never for long; the answer
names what is missing and nothing else. What works otherwise than it should (sessions in the embedded store because Redis is
gone, a backlog) is told, and is no reason to send the traffic elsewhere.
"""

import asyncio
from datetime import timedelta

import structlog
from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import select

from core.context import App
from core.migrations.schema import id_block
from core.overview import dead_letters
from gateway.admin.described import described
from gateway.admin.json import respond
from gateway.app_keys import APP, CHECKS, Check

log = structlog.get_logger()
PATIENCE_SECONDS = 2.0
LONGEST_WAIT = timedelta(minutes=10)
FAILED = "failed"


class Health(BaseModel):
    """`status` is ok or not ready; `checks` says which of them."""

    status: str
    checks: dict[str, str] = {}


@described(summary="Alive", answer=Health)
async def alive(_request: web.Request) -> web.Response:
    """GET /healthz."""
    return respond({"status": "ok"})


@described(summary="Ready to take requests", answer=Health)
async def ready(request: web.Request) -> web.Response:
    """GET /readyz: 200, or 503 naming what does not answer."""
    app = request.app[APP]
    checks: dict[str, Check] = {
        "database": lambda: _database(request),
        "outbox": lambda: _outbox(app),
        **_more(request.app),
    }
    answers = await asyncio.gather(*(_asked(name, check) for name, check in checks.items()))
    told = dict(zip(checks, answers, strict=True))
    fine = FAILED not in answers
    return respond({"status": "ok" if fine else "not ready", "checks": told}, status=200 if fine else 503)


def _more(app: web.Application) -> dict[str, Check]:
    nothing: dict[str, Check] = {}
    return app.get(CHECKS, nothing)


async def _asked(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            text = await check()
    except Exception as why:
        log.warning("not ready", check=name, error=type(why).__name__)
        return FAILED
    return text if isinstance(text, str) else "ok"


async def _database(request: web.Request) -> None:
    """The database answers, and is migrated."""
    async with request.app[APP].db.reading() as conn:
        (await conn.execute(select(id_block.c.next_id).where(id_block.c.name == "hodi"))).one()


async def _outbox(app: App) -> str | None:
    """How long a message has been due, if that is too long: nobody sends, or a provider is down."""
    now = app.clock.now()
    async with app.db.reading() as conn:
        since = await dead_letters.oldest_due(conn, now)
    if since is None or now - since < LONGEST_WAIT:
        return None
    return f"the oldest message has been due for {(now - since) // timedelta(minutes=1)} minutes"


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get("/healthz", alive), web.get("/readyz", ready)]
