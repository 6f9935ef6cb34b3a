"""One conversational turn: load, step, commit, answer.

The dialog decides, core makes true, the channel draws. A turn is claimed by compare-and-set on the session's version: whoever
loses it finds the answer of whoever won. An effect runs alone in one transaction under a key made of the conversation and the
turn, so that a repeat gets the first outcome. Nothing a customer does ends in a server error: what we did not foresee is logged
with a reference (and never what she typed), and answered politely.
"""

import asyncio
import logging
import secrets
import traceback
from datetime import timedelta
from typing import Any

import msgspec

from channels.contract import Channel, Page
from core import effects, faults
from core.db import AWAY
from core.errors import Refused
from core.house import House
from core.message import Inbound, Screen
from core.quick import Quick, Standing
from dialogs.book import Book
from dialogs.drawing import screen
from dialogs.engine import step
from dialogs.events import Answered, Event, Need, Told
from dialogs.flows import book_of
from dialogs.model import Asked, Effect
from dialogs.session import Session, Who, pack, unpack
from gateway import hearing
from gateway.order import Order
from gateway.sessions import Kept, Store

log = logging.getLogger("hodi.turn")

PATIENCE_SECONDS = 6.0
"""For one read or one effect. The network waits ten; before that the customer is told politely."""
MOST_NEEDS = 40
MOST_TRIES = 6
KEPT_FOR = {"ussd": timedelta(minutes=30)}
KEPT_ELSEWHERE = timedelta(hours=24)


class Answer(msgspec.Struct, frozen=True):
    """What a turn came to: the reply as the channel draws it, and the session behind it (None when it went wrong)."""

    reply: str
    session: Session | None = None
    repeated: bool = False
    unavailable: bool = False
    """The database or the session store was not there: whoever can bring the message again should."""


class _Glance:
    """The cheap read of one turn, asked once."""

    __slots__ = ("_channel", "_quick", "_rows", "_user")

    def __init__(self, quick: Quick, channel: str, user: str) -> None:
        self._quick, self._channel, self._user = quick, channel, user
        self._rows: list[Standing] | None = None

    async def standing(self) -> list[Standing]:
        if self._rows is None:
            self._rows = await self._quick.standing(self._channel, self._user)
        return self._rows

    def forget(self) -> None:
        """An effect may have changed what was read."""
        self._rows = None


class Turns:
    """Takes turns. One for the whole process."""

    def __init__(self, house: House, sessions: Store, quick: Quick, book: Book | None = None) -> None:
        self.house, self.sessions, self.quick = house, sessions, quick
        self.book = book or book_of(house.operator)
        self._order = Order()

    async def take(self, inbound: Inbound, channel: Channel) -> str:
        """The reply to what came in, drawn by its channel. Never raises for what a customer did or a database did not."""
        return (await self.answer(inbound, channel)).reply

    async def answer(self, inbound: Inbound, channel: Channel) -> Answer:
        """As `take`, with the session behind the reply."""
        key = f"{inbound.channel}:{inbound.user}"
        await self._order.enter(key)
        try:
            return await self._answer(key, inbound, channel)
        except Exception as why:
            reply = self._sorry(inbound, channel, why, await self._language(key))
            return Answer(reply, unavailable=isinstance(why, AWAY))
        finally:
            self._order.leave(key)

    async def _answer(self, key: str, inbound: Inbound, channel: Channel) -> Answer:
        now = self.house.clock.now()
        for _ in range(MOST_TRIES):
            kept = await self.sessions.load(key)
            before = unpack(kept.blob) if kept else None
            heard = hearing.hear(inbound, before, now.timestamp(), self.house.operator.languages[0])
            if heard.event is None:
                return Answer(self._draw(heard.session, channel), heard.session, repeated=True)
            session = await self._walk(inbound, heard.session, heard.event)
            session = hearing.remember(session, inbound, heard)
            reply = self._draw(session, channel)
            session.expires = (now + KEPT_FOR.get(inbound.channel, KEPT_ELSEWHERE)).timestamp()
            faults.point("turn.answered")
            version = kept.version + 1 if kept else 1
            if await self.sessions.save(key, Kept(version, pack(session), session.expires)):
                faults.point("turn.kept")
                return Answer(reply, session)
        raise RuntimeError("the session was changed by others again and again")

    async def _walk(self, inbound: Inbound, session: Session, event: Event | hearing.TurnPage) -> Session:
        """Steps until there is a screen, answering one need at a time."""
        if isinstance(event, hearing.TurnPage):
            session.page += event.by
            return session
        glance = _Glance(self.quick, inbound.channel, inbound.user)
        said = step(self.book, session, event)
        for number in range(MOST_NEEDS):
            if isinstance(said, Told):
                return said.session
            values = await self._fetch(said, inbound, glance, f"turn:{session.token}:{session.turn}:{number}")
            said = step(self.book, said.session, Answered(values))
        raise RuntimeError(f"a turn needed more than {MOST_NEEDS} things")

    async def _fetch(self, need: Need, inbound: Inbound, glance: _Glance, key: str) -> dict[str, Any]:
        """What the counter says to one need."""
        run, asked = need.run, _asked(need.session, inbound, key)
        if isinstance(run, Effect):
            glance.forget()
            return await self._effect(run, asked)
        try:
            if run.quick:
                return await run.ask(glance, self.house, asked)
            async with asyncio.timeout(PATIENCE_SECONDS), self.house.db.reading() as conn:
                return await run.ask(conn, self.house, asked)
        except Refused as refused:
            return {"is": "refused", "why": refused.sentence(asked.lang)}

    async def _effect(self, run: Effect, asked: Asked) -> dict[str, Any]:
        """The effect, once: a repeat of the turn finds the first outcome under its key."""
        faults.point("turn.effect")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self.house.db.writing() as conn:
                now = self.house.clock.now()
                said: dict[str, Any] = await effects.once(conn, asked.key, now, lambda: run.do(conn, self.house, asked))
        except Refused as refused:
            return {"is": "refused", "why": refused.sentence(asked.lang)}
        except AWAY as why:
            log.error("an effect could not be done: %s", type(why).__name__)
            return {"is": "down"}
        faults.point("turn.done")
        return said

    def _draw(self, session: Session, channel: Channel) -> str:
        """The page of the screen that the customer is on; the session learns what turns the page."""
        shown = screen(self.book, session)
        pages = channel.lay_out(shown)
        session.page = max(0, min(session.page, len(pages) - 1))
        page = pages[session.page]
        session.more, session.behind = page.more or "", page.back or ""
        return channel.render(shown, page)

    async def _language(self, key: str) -> str:
        """The customer's language as her last turn knew it, if the sessions can be read at all."""
        try:
            kept = await self.sessions.load(key)
            session = unpack(kept.blob) if kept else None
        except Exception:
            session = None
        return (session.lang if session else "") or self.house.operator.languages[0]

    def _sorry(self, inbound: Inbound, channel: Channel, why: Exception, lang: str) -> str:
        """A polite last word, and a line in the log that names no one and repeats nothing."""
        reference = secrets.token_hex(3).upper()
        if isinstance(why, AWAY):
            log.error("turn %s on %s: %s", reference, inbound.channel, type(why).__name__)
            text = self.book.say(lang, "talk.busy")
        else:
            frames = "\n".join(f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(why.__traceback__))
            log.error("turn %s on %s: %s\n%s", reference, inbound.channel, type(why).__name__, frames)
            text = self.book.say(lang, "talk.sorry", {"reference": reference})
        return channel.render(Screen(text, ends=True), Page(text))


def _asked(session: Session, inbound: Inbound, key: str) -> Asked:
    who = session.who or Who()
    return Asked(
        inbound.channel, inbound.user, inbound.phone, session.lang, who.contact_id, who.party_id,
        session.data.get("account_id"), who.accounts, {**session.data, **session.whisper}, key,
    )  # fmt: skip
