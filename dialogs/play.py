"""Plays the dialogs anywhere: against the counter, against answers from a transcript, or against made-up ones (`hodi dialogs try`)."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from core.message import Screen
from dialogs.book import FlowBook
from dialogs.engine import step
from dialogs.events import Answered, Dialled, Event, Need, ScreenReady, Typed
from dialogs.model import Effect, Fork, Load
from dialogs.screen import screen
from dialogs.session import Session, fresh

Fetch = Callable[[Need], Awaitable[dict[str, Any]]]
"""What the counter says to a need."""

MADE_UP_CONTACT = {"contact_id": 1, "party_id": 1, "accounts": [1]}


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
        said = step(self.book, self.session, event)
        while not isinstance(said, ScreenReady):
            said = step(self.book, said.session, Answered(await self.fetch(said)))
        self.session = said.session
        self.session.turn += 1
        return screen(self.book, self.session)


def made_up(book: FlowBook, lang: str = "en") -> Fetch:
    """Answers without a database: the examples that stand beside each load and effect, and the first way of every fork."""

    async def fetch(need: Need) -> dict[str, Any]:
        run: Load | Effect = need.run
        if run is book.caller:
            return {"is": "known", "who": MADE_UP_CONTACT, "account_id": 1, "lang": lang}
        answer: dict[str, Any] = dict(run.widest)
        place = need.session.place
        state = book.state(place) if place else None
        if isinstance(run, Effect):
            answer["is"] = run.outcomes[0]
            if "language" in need.session.data and run.do.__name__ == "set_language":
                answer["lang"] = need.session.data["language"]
        elif isinstance(state, Fork):
            answer["is"] = next(iter(state.to))
        return answer

    return fetch


def shown(drawn: Screen) -> Iterator[str]:
    """A screen as lines of a terminal."""
    yield from drawn.text.splitlines()
    for option in drawn.options:
        yield f"{option.key}. {option.label}"
    if drawn.ends:
        yield "(the session is over)"
