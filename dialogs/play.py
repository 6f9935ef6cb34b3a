"""Plays the dialogs anywhere: against the counter, against answers from a transcript, or against made-up ones (`hodi dialogs try`)."""

from collections.abc import Awaitable, Callable, Iterator

from msgspec.structs import replace

from core.message import Screen
from dialogs.answers import Answer, Identified
from dialogs.book import FlowBook
from dialogs.counter.contact import Speaks
from dialogs.engine import step
from dialogs.events import Answered, Dialled, Event, Need, ScreenReady, Typed
from dialogs.model import Effect, Fork
from dialogs.screen import screen
from dialogs.session import Session, SessionContact, fresh

Fetch = Callable[[Need], Awaitable[Answer]]
"""What the counter says to a need."""

MADE_UP_CONTACT = SessionContact(1, 1, (1,))


class Conversation:
    """One person talking to a book; `fetch` stands for the counter."""

    def __init__(self, book: FlowBook, fetch: Fetch, lang: str = "en") -> None:
        self.book, self.fetch, self.lang = book, fetch, lang
        self.session: Session = fresh(lang)

    async def dial(self, *ahead: str) -> Screen:
        """A new call; what was left is offered to be continued."""
        left = self.session if self.session.resumable else None
        self.session = fresh(self.lang)
        self.session.left = left
        return await self._turn(Dialled(ahead))

    async def type(self, text: str) -> Screen:
        """An answer to the screen that stands."""
        return await self._turn(Typed(text))

    async def _turn(self, event: Event) -> Screen:
        result = step(self.book, self.session, event)
        while not isinstance(result, ScreenReady):
            result = step(self.book, result.session, Answered(await self.fetch(result)))
        self.session = result.session
        self.session.turn += 1
        return screen(self.book, self.session)


def made_up(book: FlowBook, lang: str = "en") -> Fetch:
    """Answers without a database: the examples that stand beside each load and effect, and the first way of every fork."""

    async def fetch(need: Need) -> Answer:
        run = need.run
        if run is book.caller:
            return Identified(MADE_UP_CONTACT, lang, account_id=1, outcome="known")
        answer = run.widest
        state = book.state(need.session.place) if need.session.place else None
        if isinstance(answer, Speaks):
            return Speaks(str(need.session.data["language"]))
        if isinstance(run, Effect):
            return replace(answer, outcome=run.outcomes[0])
        return replace(answer, outcome=next(iter(state.to))) if isinstance(state, Fork) else answer

    return fetch


def shown(screen_: Screen) -> Iterator[str]:
    """A screen as lines of a terminal."""
    yield from screen_.text.splitlines()
    for option in screen_.options:
        yield f"{option.key}. {option.label}"
    if screen_.ends:
        yield "(the session is over)"
