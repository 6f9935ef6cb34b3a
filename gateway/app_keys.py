"""What the gateway's rooms find on the desk: the keys under which the composition root (`gateway/app.py`) puts things.

Every page and webhook module exposes `routes() -> list[web.AbstractRouteDef]`; the route table stands in `app.py`.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from channels.contract import Channel
from core.context import App

if TYPE_CHECKING:
    from gateway.conversation.turn import Turns
    from gateway.hooks.spool import Spool

APP: web.AppKey[App] = web.AppKey("house", App)

CHANNELS: web.AppKey[dict[str, Channel]] = web.AppKey("channels")
"""The channels that send, by name: `channels.registry.senders(...)`."""

TURNS: web.AppKey["Turns"] = web.AppKey("turns")
"""Takes the turns of every channel."""

SPOOL: web.AppKey["Spool"] = web.AppKey("spool")
"""Keeps on disk what comes in while the database is away (`gateway/hooks/spooling.py`)."""

Check = Callable[[], Awaitable[object]]
"""Asks one thing whether it works; raises when it does not. A text it answers is told: it works, but not as it should."""

CHECKS: web.AppKey[dict[str, Check]] = web.AppKey("checks", dict)
"""What `/readyz` asks besides the database: each room that a turn needs puts its own question here, by name."""
