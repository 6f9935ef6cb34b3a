"""One conversational turn: load, step, commit, answer.

The dialog decides, core makes true, the channel draws. A turn is claimed by compare-and-set on the session's version: whoever
loses it finds the answer of whoever won. An effect runs alone in one transaction under a key made of the conversation and the
turn, so that a repeat gets the first outcome. Nothing a customer does ends in a server error: what we did not foresee is logged
with a reference (and never what they typed), and answered politely.

The sessions of the latest turns are at hand: the store is not asked where a conversation stands that this process itself saved.
That belief may be wrong where several processes share the store. A save proves it; before what a save cannot take back, an
effect or the answer to a repeat, the store is asked after all.
"""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from channels.contract import Channel
from channels.transliteration import on_air
from core.context import App
from core.db import failpoints, idempotency
from core.db.engine import AWAY
from core.errors import Refused
from core.message import ADDRESS, Inbound
from core.parties import queries as parties
from core.parties import sim
from core.summary.reader import Quick
from dialogs import answers
from dialogs.book import FlowBook
from dialogs.engine import step
from dialogs.events import Answered, Event, Need, ScreenReady
from dialogs.flows import book_of
from dialogs.model import CounterRequest, Effect, QuickLoad
from dialogs.screen import screens
from dialogs.session import Session, SessionContact, pack, unpack
from gateway.conversation import new_input
from gateway.conversation.per_contact_queue import ContactQueue
from gateway.conversation.rendering import fewest_pages, sorry
from gateway.conversation.sessions import Store, StoredSession
from gateway.conversation.turn_state import Stands, Turn

log = structlog.get_logger()

TURN_SECONDS = 8.0
"""For a whole turn. The network waits ten; before that the customer is told politely."""
NOBODY = SessionContact()
MOST_NEEDS = 40
MOST_TRIES = 6
MOST_AT_HAND = 4096
"""Sessions of the latest turns, each two or three kilobytes."""


class TurnAnswer(msgspec.Struct, frozen=True):
    """What a turn came to: the reply as the channel draws it, and the session behind it (None when it went wrong)."""

    reply: str
    session: Session | None = None
    shown: str = ""
    """The words of the page that the reply draws."""
    repeated: bool = False
    unavailable: bool = False
    """The database or the session store was not there: whoever can bring the message again should."""

    @property
    def silent(self) -> bool:
        """A person answers here: the house itself has nothing to say."""
        return bool(self.session and self.session.shown and not self.session.shown.text and not self.session.hint)


class _Moved(Exception):
    """Another process took a turn of this conversation since we last looked."""


class Turns:
    """Takes turns. One for the whole process."""

    def __init__(self, app: App, sessions: Store, quick: Quick, book: FlowBook | None = None) -> None:
        self.app, self.sessions, self.quick = app, sessions, quick
        self.book = book or book_of(app.operator)
        self._order = ContactQueue()
        self._lately: dict[str, Stands] = {}
        self._first_language = app.operator.languages[0]

    async def take(self, inbound: Inbound, channel: Channel) -> str:
        """The reply to what came in, drawn by its channel. Never raises for what a customer did or a database did not."""
        return (await self.answer(inbound, channel)).reply

    async def answer(self, inbound: Inbound, channel: Channel) -> TurnAnswer:
        """As `take`, with the session behind the reply."""
        key = f"{inbound.channel}:{inbound.user}"
        until = asyncio.get_running_loop().time() + TURN_SECONDS
        entered = self._order.take(key)
        try:
            if not entered:
                async with asyncio.timeout_at(until):
                    await self._order.enter(key)
                entered = True
            return await self._answer(Turn(key, inbound, channel, self.quick, self.app.db, until, self._proves_since()))
        except Exception as why:
            reply = sorry(self.book, inbound, channel, why, await self._language(key))
            return TurnAnswer(reply, unavailable=isinstance(why, AWAY))
        finally:
            if entered:
                self._order.leave(key)

    async def _answer(self, turn: Turn) -> TurnAnswer:
        inbound, channel = turn.inbound, turn.channel
        now = self.app.clock.now().timestamp()
        turn.stands = self._lately.pop(turn.key, None)
        for _ in range(MOST_TRIES):
            stands = turn.stands or await self._load(turn)
            message = new_input.hear(inbound, channel, stands.session, now, self._first_language)
            parted = await self._parted(turn, message.session)
            if parted:
                message = new_input.over(message)
            try:
                if message.event is None:
                    await self._be_sure(turn)
                    reply, shown = self._draw(message.session, channel)
                    return TurnAnswer(reply, message.session, shown, repeated=True)
                session = await self._walk(turn, message.session, message.event)
            except _Moved:
                continue
            if parted:
                session.hint = self.book.say(session.lang, "home.here.swapped" if turn.swapped else "choose.gone")
            new_input.remember(session, inbound, message)
            reply, shown = self._draw(session, channel)
            kept = new_input.KEPT_SYNCHRONOUS if channel.synchronous else new_input.KEPT_ELSEWHERE
            session.expires = now + kept.total_seconds()
            failpoints.point("turn.answered")
            stands = Stands(stands.version + 1, session)
            if await self.sessions.save(turn.key, StoredSession(stands.version, pack(session), session.expires)):
                failpoints.point("turn.kept")
                self._remember(turn.key, stands)
                return TurnAnswer(reply, session, shown)
            turn.stands = None
        raise RuntimeError("the session was changed by others again and again")

    def _proves_since(self) -> float:
        """A SIM that was changed later cools down."""
        return (self.app.clock.now() - timedelta(hours=sim.COOLING_HOURS)).timestamp()

    async def _load(self, turn: Turn) -> Stands:
        """Where the conversation stands for sure."""
        kept = await self.sessions.load(turn.key)
        turn.sure = True
        turn.stands = Stands(kept.version, unpack(kept.blob)) if kept else Stands(0, None)
        return turn.stands

    async def _parted(self, turn: Turn, session: Session) -> bool:
        """Whether the contact lost an account since this conversation began: then nothing of it is read or done any more."""
        who = session.who
        if who is None or not who.accounts:
            return False
        rows = await turn.standing()
        linked = tuple(row.account_id for row in rows if row.account_id is not None)
        return not rows or not who.holds(SessionContact(accounts=linked, parted=rows[0].parted))

    async def _be_sure(self, turn: Turn) -> None:
        """Before anything that a save cannot take back: is it still as this process left it? Raises `_Moved` when it is not."""
        if turn.sure:
            return
        believed = turn.stands
        if believed is None or (await self._load(turn)).version != believed.version:
            raise _Moved

    def _remember(self, key: str, stands: Stands) -> None:
        """Kept at hand for the next turn: the store is asked only by who finds nothing here, or must be sure."""
        if len(self._lately) >= MOST_AT_HAND:
            del self._lately[next(iter(self._lately))]
        self._lately[key] = stands

    async def _walk(self, turn: Turn, session: Session, event: Event | new_input.TurnPage) -> Session:
        """Steps until there is a screen, answering one need at a time."""
        if isinstance(event, new_input.TurnPage):
            return replace(session, page=session.page + event.by)
        result = step(self.book, session, event)
        for number in range(MOST_NEEDS):
            if isinstance(result, ScreenReady):
                return result.session
            answer = await self._fetch(result, turn, number)
            result = step(self.book, result.session, Answered(answer))
        raise RuntimeError(f"a turn needed more than {MOST_NEEDS} things")

    async def _fetch(self, need: Need, turn: Turn, number: int) -> answers.Answer:
        """What the counter says to one need."""
        run, session = need.run, need.session
        if isinstance(run, Effect):
            await self._be_sure(turn)
            turn.forget()
            request = _request(session, turn, f"turn:{session.token}:{session.turn}:{number}")
            return await self._effect(run, request, turn, session.who or NOBODY)
        request = _request(session, turn)
        try:
            if isinstance(run, QuickLoad):
                return await run.ask(turn, self.app, request)
            async with turn.patience(), self.app.db.reading() as conn:
                return await run.ask(conn, self.app, request)
        except Refused as refused:
            return answers.refusal(refused.sentence(request.lang))

    async def _effect(
        self, run: Effect[answers.Answer], request: CounterRequest, turn: Turn, who: SessionContact
    ) -> answers.Answer:
        """The effect, once: a repeat of the turn finds the first outcome under its key."""
        failpoints.point("turn.effect")

        async def do() -> Any:
            if who.accounts and who.contact_id is not None:
                linked, parted = await parties.links(conn, who.contact_id)
                if not who.holds(SessionContact(accounts=linked, parted=parted)):
                    raise Refused("choose.gone")
                if await sim.swapped(conn, self.app, who.contact_id):
                    raise Refused("sim.cooling")
            return msgspec.to_builtins(await run.do(conn, self.app, request))

        try:
            async with turn.patience(), self.app.db.writing() as conn:
                now = self.app.clock.now()
                answer = msgspec.convert(await idempotency.once(conn, request.key, now, do), type(run.widest))
        except Refused as refused:
            return answers.refusal(refused.sentence(request.lang))
        except AWAY as why:
            if run is self.book.meet:
                raise  # whom we could not even meet, we cannot lead on
            log.error("turn.effect_not_done", error=type(why).__name__)
            return answers.DOWN
        failpoints.point("turn.done")
        return answer

    def _draw(self, session: Session, channel: Channel) -> tuple[str, str]:
        """The page of the screen that the customer is on, as the channel draws it and its words; the session learns what turns the page."""
        plain = self.app.operator.notices.plain_letters and channel.cellular
        shown, pages = fewest_pages([on_air(one) if plain else one for one in screens(self.book, session)], channel)
        session.page = max(0, min(session.page, len(pages) - 1))
        page = pages[session.page]
        session.more, session.behind = page.more or "", page.back or ""
        return channel.render(shown, page), page.text

    async def _language(self, key: str) -> str:
        """The customer's language as their last turn knew it, if the sessions can be read at all."""
        try:
            kept = await self.sessions.load(key)
            session = unpack(kept.blob) if kept else None
        except Exception:
            session = None
        return (session.lang if session else "") or self._first_language


def _request(session: Session, turn: Turn, key: str = "") -> CounterRequest:
    inbound, who, data = turn.inbound, session.who or NOBODY, session.data
    return CounterRequest(
        inbound.channel,
        inbound.user,
        inbound.phone,
        session.lang,
        who.contact_id,
        who.party_id,
        data.get("account_id"),
        who.accounts,
        {**data, **session.whisper} if session.whisper else data,
        turn.channel,
        key,
        inbound.text,
        inbound.service,
        inbound.at,
        inbound.details.get(ADDRESS),
    )
