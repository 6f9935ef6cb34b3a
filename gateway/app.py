"""The composition root: what is opened at the start and closed at the end, and the route table in one place.

Nothing else knows all rooms. What a request needs lies on the desk (`gateway/app_keys.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

import aiohttp
from aiohttp import web

from channels.contract import Prepares, Tools
from channels.registry import check_routes, open_rows, senders
from core.context import App
from core.summary.reader import open_quick
from gateway import quotes
from gateway.admin import routes as ops
from gateway.app_keys import APP, CHANNELS, CHECKS, TURNS
from gateway.conversation.interaction_log import noting
from gateway.conversation.sessions_redis import open_store
from gateway.conversation.turn import Turns
from gateway.embedded_scheduler import ticking
from gateway.hooks import channels as webhooks
from gateway.hooks import payments
from gateway.hooks.mailbox import mailing
from gateway.hooks.registration import prepare
from gateway.hooks.spooling import keeping
from gateway.pages import bill, chat, chat_file, chat_rooms, mandate_link, me, paylink, phone

PATIENCE = aiohttp.ClientTimeout(total=30, connect=5)
MOST_FIELDS = 200
"""Fields of one form: our largest (a campaign in six languages) has forty."""

ROUTES: tuple[Callable[[], Sequence[web.AbstractRouteDef]], ...] = (
    payments.routes,  # /hooks/payments/{secret}/{provider}
    paylink.routes,  # /p/{token}
    mandate_link.routes,  # /d/{token}
    bill.routes,  # /b/{token}, /b/{token}.pdf
    chat.routes,  # /chat, /chat/socket
    chat_file.routes,  # /chat/file
    me.routes,  # /me, /me/...
    quotes.routes,  # /quote
    ops.routes,  # /tmf-api, /console, /healthz, /readyz, /metrics, /openapi.json
)
"""The route table. `/phone` adds itself where it is switched on and only this machine can reach it; the addresses that message
providers call are the doors of the open channels, and are opened with them (`opened`)."""


def make_app(hodi: App, *, host: str = "127.0.0.1", with_scheduler: bool = True) -> web.Application:
    """The gateway of `house`, to be bound to `host`; with the scheduler inside unless it runs elsewhere."""
    app = web.Application(client_max_size=1024 * 1024, client_max_fields=MOST_FIELDS)
    app[APP] = hodi
    app[CHECKS] = {}
    ops.setup(app)
    for routes in ROUTES:
        app.add_routes(routes())
    app.cleanup_ctx.append(opened)
    app.cleanup_ctx.append(noting)
    bill.setup(app)
    chat.setup(app)
    me.setup(app)
    app.cleanup_ctx.append(keeping)
    app.cleanup_ctx.append(mailing)
    phone.setup(app, host)
    if with_scheduler:
        app.cleanup_ctx.append(ticking)
    return app


async def opened(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: channels, sessions and turns, open while the app runs."""
    hodi = app[APP]
    async with aiohttp.ClientSession(timeout=PATIENCE) as http:
        check_routes(hodi.operator)
        channels = open_rows(Tools(hodi.settings, http, partial(chat_rooms.push, hodi)))
        app.add_routes(webhooks.routes(channels.values()))  # /hooks/africastalking/{secret}/..., /hooks/whatsapp ...
        sessions = open_store(hodi.settings.sessions_path, hodi.settings.redis_url, hodi.clock)
        quick = open_quick(hodi.db)
        turns = Turns(hodi, sessions, quick)
        app[CHANNELS], app[TURNS], app[CHECKS]["sessions"] = senders(channels), turns, sessions.told
        preparing = [
            asyncio.create_task(prepare(channel)) for channel in channels.values() if isinstance(channel, Prepares)
        ]
        yield
        for task in preparing:
            task.cancel()
        await quick.close()
        await sessions.close()
