"""Looks into the operator's mailbox every so often, and takes each letter in as if a provider had brought it: claimed by its Message-ID,
once, and marked as read after that. While the database is away letters simply stay where they are.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from channels.contract import NotReady, NotUnderstood, Received
from channels.email_imap import Mailbox
from channels.email_letter import LARGEST_LETTER
from core.care import inbound_mail
from core.db import failpoints
from core.db.engine import AWAY
from core.message import Inbound
from gateway.app_keys import CHANNELS, CHECKS, HOUSE
from gateway.hooks import channels

log = structlog.get_logger()

TRIES = 3
"""A letter that broke our own code so often is marked as read and told in the log: it must not stand in the way of others for ever."""


class Reader:
    """Reads the mailbox of one process."""

    def __init__(self, app: web.Application, mailbox: Mailbox) -> None:
        self.app, self.mailbox, self.wrong = app, mailbox, ""
        self._broke: dict[str, int] = {}

    async def run(self, seconds: float) -> None:
        """Look, rest, look again; for ever."""
        while True:
            try:
                await self.mailbox.look(self.take)
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

    async def take(self, raw: bytes) -> bool:
        """One letter; whether it is done with. Raises while the database is away."""
        try:
            [door] = self.app[CHANNELS]["email"].doors
            events = door.parse(Received("POST", raw)) if raw else []
        except NotUnderstood as why:
            log.warning("mailbox.letter_not_understood", code=why.code)
            return True
        for event in events:
            if isinstance(event, Inbound):
                return await self._hear(event)
            await channels.take_in(self.app, "email", event)  # a report: harmless when repeated
        return True

    async def _hear(self, event: Inbound) -> bool:
        app, name = self.app[HOUSE], event.message_id or ""
        async with app.db.writing() as conn:
            whose = await inbound_mail.claim(conn, app, name)
        if whose != "mine":
            return whose == "done"
        failpoints.point("letter.claimed")
        try:
            await channels.take_in(self.app, "email", event)
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
    """Cleanup context: the mailbox is read while the app runs, where there is one and letters can be answered."""
    settings = app[HOUSE].settings
    if not settings.imap_url.get_secret_value() or "email" not in app[CHANNELS]:
        yield
        return
    reader = Reader(app, Mailbox(settings.imap_url, LARGEST_LETTER))
    app[CHECKS]["mailbox"] = reader.told
    task = asyncio.create_task(reader.run(settings.imap_seconds))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
