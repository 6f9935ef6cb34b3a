"""USSD screens, and those of her own pages, in the log of all that passed, at no cost to the turn: noted after the answer, written in bulk a moment later.

What was secret is not kept. At a crash the last moment of the log may be lost; the books never hang on it.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from core.care.interactions import Interaction, log_many
from core.context import App
from core.message import Inbound
from dialogs.redact import to_keep
from gateway.app_keys import APP
from gateway.conversation.turn import TurnAnswer

log = structlog.get_logger()

EVERY_SECONDS = 0.5
AT_MOST = 20_000
"""Lines that wait to be written; a log that cannot be written forgets its oldest."""
AT_ONCE = 1_000


class LoggedTurn:
    """Lines of the log that wait to be written."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lines: list[Interaction] = []

    def note(self, inbound: Inbound, answer: TurnAnswer, said: str | None = None) -> None:
        """What was typed and what was shown (`said`, else the words of the page); a repeat was noted before."""
        session = answer.session
        if answer.repeated or session is None:
            return
        contact_id = session.who.contact_id if session.who else None
        last = inbound.text.rpartition("*")[2]
        typed = to_keep(last, secret=session.hush, unheard=session.unheard)
        said = answer.shown if said is None else said
        account_id = session.data.get("account_id")
        self._lines += [
            Interaction(contact_id, account_id, inbound.channel, "in", "turn", typed or inbound.service or "*"),
            Interaction(contact_id, account_id, inbound.channel, "out", "turn", said),
        ]
        if len(self._lines) > AT_MOST:
            del self._lines[:AT_ONCE]

    async def flush(self) -> int:
        """Write what waits; how many lines."""
        written = 0
        while self._lines:
            batch, self._lines = self._lines[:AT_ONCE], self._lines[AT_ONCE:]
            try:
                async with self._app.db.writing() as conn:
                    await log_many(conn, self._app, batch)
            except BaseException:
                self._lines = batch + self._lines
                raise
            written += len(batch)
        return written

    async def run(self) -> None:
        """Write again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.flush()
            except Exception as why:
                log.warning("the log of what passed waits", error=type(why).__name__, lines=len(self._lines))


PASSED: web.AppKey[LoggedTurn] = web.AppKey("passed", LoggedTurn)


async def noting(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: what is noted is written while the app runs, and once more at its end."""
    passed = app[PASSED] = LoggedTurn(app[APP])
    writing = asyncio.create_task(passed.run())
    yield
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await passed.flush()
