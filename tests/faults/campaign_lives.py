"""A process that feeds and sends campaigns (tests/faults/nursery.py), for the tests that kill it.

Its clock stands some minutes after noon, so that each life finds the leases of the one before run out.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import aiohttp

from channels.contract import ByMessage
from core.campaigns import queries, store
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.message import Notice, Sent
from scheduler.campaigns import feed_all
from scheduler.dispatch import Dispatcher
from tests.conftest import NOON

LANES = 2


class Bulk(ByMessage):
    """Posts a wave in one request, as Africa's Talking takes them."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def send(self, notices: Sequence[Notice]) -> list[Sent]:
        told = {"messages": [[notice.key, notice.to, notice.text] for notice in notices]}
        async with self.http.post(self.url, json=told) as answer:
            answer.raise_for_status()
        return [Sent(notice.key, "done", f"ref-{notice.key}") for notice in notices]


async def live(said: dict[str, Any]) -> None:
    """Feed and send until all have ended: `{"db": ..., "provider": its address, "minutes": ..., "wave": ..., "batch": of both}`."""
    store.BATCH = said["batch"]
    operator = Operator(
        name="M", short_name="M", country="KE", zone="Africa/Nairobi", currency="KES", support_phone="+254800000000"
    )
    db = Database(said["db"])
    app = App(SetClock(NOON + timedelta(minutes=said["minutes"])), operator, db, Settings(), follow)
    async with aiohttp.ClientSession() as http:
        sender = Bulk(said["provider"], http)
        dispatcher = Dispatcher(app, {"sms": sender}, batch=said["batch"], wave=said["wave"], lanes=LANES)
        while True:
            fed, sent = await asyncio.gather(feed_all(app), dispatcher.drain())
            async with db.reading() as conn:
                states = {one.state for one in await queries.campaigns(conn)}
            if not fed and not sent and states <= {"done", "cancelled"}:
                break
    await db.close()
