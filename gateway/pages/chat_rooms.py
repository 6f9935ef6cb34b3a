"""The chat pages that are open in this process, and how lines reach them.

The transcript in the database is the truth; a page is told to look (`nudge`) at once when this process wrote, and within a
second when another one did. A page remembers the last number it sent, so nothing is lost and nothing shown twice.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import WSCloseCode, web

from channels.contract import Framed
from core.chat import transcript
from core.context import App
from core.message import Notice
from gateway.app_keys import APP, CHANNELS

log = structlog.get_logger()
LOOK_SECONDS = 1.0
SAY_OPEN_EVERY = 45
"""Looks between two notes that the pages are still open; well within `transcript.STAYS_OPEN`."""
PAGES_AT_MOST, PAGES_OF_ADDRESS, PAGES_OF_ONE = 4_000, 100, 5
"""Of the process; of one address, behind which a whole office or village may be; of one visitor."""


@dataclass(eq=False)
class OpenPage:
    """One socket of one visitor."""

    visitor: str
    socket: web.WebSocketResponse
    address: str = ""
    seen: int | None = None
    """The last number this page has; None until it has said so."""
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rooms:
    """All open pages of this process, by visitor."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pages: dict[str, list[OpenPage]] = defaultdict(list)
        self._addresses: dict[str, set[OpenPage]] = defaultdict(set)
        self.turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """A visitor's messages are taken one after the other, from however many pages they come."""

    async def enter(self, page: OpenPage) -> bool:
        """A page opened; the oldest of too many of one visitor goes. False: the house is full, or its address has had its share."""
        here = self._addresses[page.address]
        if sum(map(len, self._pages.values())) >= PAGES_AT_MOST or len(here) >= PAGES_OF_ADDRESS:
            return False
        here.add(page)
        mine = self._pages[page.visitor]
        mine.append(page)
        if len(mine) > PAGES_OF_ONE:
            await mine.pop(0).socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many pages")
        return True

    def leave(self, page: OpenPage) -> None:
        """A page closed."""
        here, mine = self._addresses[page.address], self._pages.get(page.visitor, [])
        here.discard(page)
        if not here:
            self._addresses.pop(page.address, None)
        if page in mine:
            mine.remove(page)
        if not mine:
            self._pages.pop(page.visitor, None)
            self.turns.pop(page.visitor, None)

    async def nudge(self, visitor: str) -> None:
        """Bring every page of this visitor up to date."""
        for page in list(self._pages.get(visitor, ())):
            await self.bring(page)

    async def show(self, visitor: str, line: transcript.ChatLine | None) -> None:
        """Send a line that was just committed to every page of this visitor; one that misses more is brought up to date, and so are all
        if nothing is known of the line."""
        for page in list(self._pages.get(visitor, ())):
            if line is None or page.seen != line.seq - 1 or page.sending.locked():
                await self.bring(page)
            else:
                async with page.sending:
                    await self._send(page, [line])

    async def bring(self, page: OpenPage) -> None:
        """Send what the page has not seen, in order."""
        async with page.sending:
            if page.seen is None or page.socket.closed:
                return
            async with self._app.db.reading() as conn:
                lines = await transcript.since(conn, page.visitor, page.seen)
            await self._send(page, lines)

    async def _send(self, page: OpenPage, lines: Sequence[transcript.ChatLine]) -> None:
        try:
            for line in lines:
                await page.socket.send_str(framed(line))
                page.seen = line.seq
        except ConnectionError:
            self.leave(page)

    async def watch(self) -> None:
        """Look again and again for what other processes wrote; one question for all open pages."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            try:
                await self._look(say_open=looks % SAY_OPEN_EVERY == 1)
            except Exception as why:
                log.warning("the chat could not look for new lines", error=type(why).__name__)

    async def _look(self, *, say_open: bool) -> None:
        visitors = list(self._pages)
        if not visitors:
            return
        async with self._app.db.reading() as conn:
            last = await transcript.last_seqs(conn, visitors)
        for visitor, seq in last.items():
            if any(page.seen is not None and page.seen < seq for page in self._pages.get(visitor, ())):
                await self.nudge(visitor)
        if say_open:
            async with self._app.db.writing() as conn:
                await transcript.keep_open(conn, self._app, visitors)

    async def close(self) -> None:
        """The process stops: the pages come back to another one."""
        for page in [page for pages in list(self._pages.values()) for page in pages]:
            await page.socket.close(code=WSCloseCode.GOING_AWAY, message=b"back in a moment")


def framed(line: transcript.ChatLine) -> str:
    """A line as the page reads it."""
    form: dict[str, Any] = {"seq": line.seq, "side": line.side, "at": line.at.isoformat(), **line.body}
    return json.dumps(form, ensure_ascii=False)


ROOMS: web.AppKey[Rooms] = web.AppKey("rooms", Rooms)
CHAT = "webchat"
"""The channel whose frames these pages carry."""


def chat_of(app: web.Application) -> Framed:
    """That channel, which reads the frames."""
    channel = app[CHANNELS][CHAT]
    assert isinstance(channel, Framed)
    return channel


async def running(app: web.Application) -> AsyncIterator[None]:
    """Cleanup context: the rooms are watched while the app runs."""
    rooms = app[ROOMS] = Rooms(app[APP])
    watching = asyncio.create_task(rooms.watch())
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def closing(app: web.Application) -> None:
    """Signal `on_shutdown`."""
    await app[ROOMS].close()


async def push(app: App, notice: Notice) -> bool:
    """Show a notice in the visitor's open chat, in whatever process that is; False if none is open."""
    body = {
        "text": notice.text,
        "ends": False,
        "options": [{"key": option.key, "label": option.label} for option in notice.options],
    }
    async with app.db.writing() as conn:
        if not await transcript.is_open(conn, app, notice.to):
            return False
        await transcript.write(conn, app, notice.to, key=f"notice:{notice.key}", side="hodi", body=body)
    return True
