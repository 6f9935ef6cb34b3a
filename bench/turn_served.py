"""What `bench/turn.py` measures, in a process of its own: a bare aiohttp echo, or the gateway's USSD turn.

`python -m bench.turn_served echo PORT`, or `python -m bench.turn_served turn PORT DATABASE_URL SESSIONS REDIS_URL|-`; `watched` instead
of `turn` runs on the default loop and tells its longest callback at `LONGEST`.
"""

import asyncio
import logging
import sys

import uvloop
from aiohttp import web

from bench.loop_watch import Watch
from channels.africastalking.ussd import AfricasTalkingUssd
from channels.contract import Channel
from core.clock import SystemClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.summary.reader import open_quick
from gateway.app_keys import APP, CHANNELS, TURNS
from gateway.conversation.sessions_redis import open_store
from gateway.conversation.turn import Turns
from gateway.gc_tuning import settle
from gateway.hooks import channels as webhooks

SECRET = "bench-hook-secret"
LONGEST = "/longest"
PATH = f"/hooks/africastalking/{SECRET}/ussd"


def a_house(url: str) -> App:
    """The electricity utility of the measurement."""
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        default_tariff="bench",
    )
    settings = Settings.model_validate(
        {"secret_key": "bench-secret-key-of-more-than-32-letters", "hook_secret": SECRET}
    )
    return App(SystemClock(), operator, Database(url), settings, follow)


def echo_app() -> web.Application:
    """The limit: read the body, answer a screen's worth of text."""

    async def echo(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="Mwangaza Power\nYou owe KES 1,234.50, due 24 Mar\n1. Balance\n2. My bill\n3. Pay")

    app = web.Application()
    app.router.add_post("/hooks/africastalking/{secret}/ussd", echo)
    return app


def turn_app(url: str, sessions: str, redis: str) -> web.Application:
    """The gateway's own route, engine, reads and sessions."""
    hodi = a_house(url)
    app = web.Application()
    app[APP] = hodi
    app[TURNS] = Turns(hodi, open_store(sessions, None if redis == "-" else redis, hodi.clock), open_quick(hodi.db))
    channels: dict[str, Channel] = {"ussd": AfricasTalkingUssd()}
    app[CHANNELS] = channels
    app.add_routes(webhooks.routes(channels.values()))
    return app


def watched_app(*of_turn: str) -> web.Application:
    """The same, with every callback timed."""
    app, watch = turn_app(*of_turn), Watch()

    async def longest(_: web.Request) -> web.Response:
        return web.json_response(watch.told())

    app.router.add_get(LONGEST, longest)
    watch.begin()
    return app


async def serve(app: web.Application, port: int) -> None:
    """Until killed."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    settle()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
    await asyncio.Event().wait()


def main(kind: str, port: str, *rest: str) -> None:
    """Serve one of them."""
    logging.disable(logging.CRITICAL)
    app = echo_app() if kind == "echo" else watched_app(*rest) if kind == "watched" else turn_app(*rest)
    (asyncio if kind == "watched" else uvloop).run(serve(app, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
