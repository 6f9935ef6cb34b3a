"""A dispatcher in a process of its own (tests/faults/nursery.py), for the tests that kill it.

Its clock stands some minutes after noon, so that each life finds the leases of the one before run out.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import aiohttp

from channels.contract import ByMessage
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.message import Notice, Sent
from scheduler.dispatch import Dispatcher
from tests.conftest import NOON


class Poster(ByMessage):
    """Posts one message a request, as a provider without client references takes them."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        return list(await asyncio.gather(*(self._one(notice) for notice in notices)))

    async def _one(self, notice: Notice) -> Sent:
        async with self.http.post(self.url, data={"to": notice.to, "key": notice.key}) as answer:
            return Sent(notice.key, "done", await answer.text())


async def live(said: dict[str, Any]) -> None:
    """Send what is due: `{"db": ..., "provider": its address, "minutes": ...}`."""
    operator = Operator(
        name="M", short_name="M", country="KE", zone="Africa/Nairobi", currency="KES", support_phone="+254800000000"
    )
    db = Database(said["db"])
    app = App(SetClock(NOON + timedelta(minutes=said["minutes"])), operator, db, Settings(), follow)
    async with aiohttp.ClientSession() as http:
        await Dispatcher(app, {"sms": Poster(said["provider"], http)}, batch=20, wave=5).drain()
    await db.close()
