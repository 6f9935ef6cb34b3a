"""Looks every so often where a channel's messages lie (a mailbox), and takes each in as if a provider had brought it: claimed by its id,
once, and done with after that. While the database is away they simply stay where they are.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from channels.contract import Collects, Event, NotReady
from core.care import inbound_mail
from core.db import failpoints
from core.db.engine import AWAY
from core.message import Inbound
from gateway.app_keys import APP, CHANNELS, CHECKS
from gateway.hooks import channels

log = structlog.get_logger()

TRIES = 3
"""A letter that broke our own code so often is marked as read and told in the log: it must not stand in the way of others for ever."""


class Collector:
    """Looks where the messages of one channel lie."""

    def __init__(self, app: web.Application, name: str, channel: Collects) -> None:
        self.app, self.name, self.channel, self.wrong = app, name, channel, ""
        self._broke: dict[str, int] = {}

    async def run(self, seconds: float) -> None:
        """Look, rest, look again; for ever."""
        while True:
            try:
                await self.channel.collect(self.take)
                self.wrong = ""
            except (NotReady, *AWAY) as why:
                self.wrong = str(why) or type(why).__name__
                log.warning("mailbox.not_read", why=self.wrong)
            except Exception:
                self.wrong = "a bug"
                log.exception("mailbox.not_read")
            await asyncio.sleep(seconds)

    async def told(self) -> str | None:
        """For `/readyz`."""
        return f"mailbox: {self.wrong}" if self.wrong else None

    async def take(self, events: list[Event]) -> bool:
        """One message; whether it is done with. Raises while the database is away."""
        for event in events:
            if isinstance(event, Inbound):
                return await self._hear(event)
            await channels.take_in(self.app, self.name, event)  # a report: harmless when repeated
        return True

    async def _hear(self, event: Inbound) -> bool:
        app, name = self.app[APP], event.message_id or ""
        async with app.db.writing() as conn:
            whose = await inbound_mail.claim(conn, app, name)
        if whose != "mine":
            return whose == "done"
        failpoints.point("letter.claimed")
        try:
            await channels.take_in(self.app, self.name, event)
        except Exception as why:
            if isinstance(why, AWAY):
                await app.db.answers()  # raises: it is away, and the letter waits for its lease to end
            log.exception("mailbox.letter_broke_us")
            if not self._is_poison(name):
                async with app.db.writing() as conn:
                    await inbound_mail.release(conn, app, name)
                return False
        async with app.db.writing() as conn:
            await inbound_mail.done(conn, app, name)
        return True

    def _is_poison(self, name: str) -> bool:
        self._broke[name] = self._broke.get(name, 0) + 1
        return self._broke[name] >= TRIES


async def mailing(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: messages that lie somewhere are collected while the app runs."""
    collectors = [
        Collector(app, name, channel)
        for name, channel in app[CHANNELS].items()
        if isinstance(channel, Collects) and channel.collects
    ]
    for collector in collectors:
        app[CHECKS]["mailbox"] = collector.told
    tasks = [asyncio.create_task(collector.run(app[APP].settings.imap_seconds)) for collector in collectors]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
