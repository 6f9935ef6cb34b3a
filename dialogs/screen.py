"""Writes a state on the customer's screen: its words, its options with what they stand for, and the ways back."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec.structs import asdict

from core import message
from core.message import Screen
from core.text import edits
from dialogs.answers import Answer, ListAnswer, ListRow
from dialogs.book import FlowBook
from dialogs.input import BACK, HOME_KEY, NEXT_ROWS
from dialogs.model import MOST_ITEMS, NOT_SHOWN, OFFERS, End, Menu, Pick, Say, State
from dialogs.session import Session, ShownScreen

MOST_ROWS = MOST_ITEMS - 1
"""Rows at a time of a list that is longer than a menu may be."""

TURNS = ("channels.more", "channels.next", "channels.back", "channels.previous")
"""The ways through the pages of a screen, each with the name it has where the first is taken."""

Option = tuple[str, str, str, Any]
"""What is typed, what it says, and what it stands for: a kind and a value."""


def draw(book: FlowBook, s: Session, state: State, answer: Answer | None) -> ShownScreen:
    """What the customer sees of a state, given what was loaded for it."""
    assert not isinstance(state, NOT_SHOWN)
    values = {**s.data, **asdict(answer)} if answer is not None else s.data
    text = book.say(s.lang, state.text, values)
    if isinstance(state, OFFERS):
        return ShownScreen(text, _choices(book, s.lang, state, values))
    if isinstance(state, Pick):
        assert isinstance(answer, ListAnswer)
        return ShownScreen(text, (*_rows(book, s, state, answer.rows), *_ways_back(book, s.lang)))
    if isinstance(state, End):
        return ShownScreen(text, ends=True)
    if state.quiet:
        return ShownScreen("")
    share = book.say(s.lang, state.share) if state.share else ""
    return ShownScreen(text, _ways_back(book, s.lang) if state.nav else (), secret=state.secret, share=share)


def _choices(book: FlowBook, lang: str, state: Menu | Say, values: Mapping[str, Any]) -> tuple[Option, ...]:
    """The choices offered to this customer, numbered, and the ways back. The same for all who are offered the same."""
    offered = tuple([choice.label for choice in state.choices if not choice.when or values.get(choice.when)])
    top = isinstance(state, Menu) and state.home
    key = (edits(), lang, offered, top)
    options: tuple[Option, ...] | None = book.drawn.get(key)
    if options is None:
        numbered = [(str(number), book.say(lang, label), "choice", label) for number, label in enumerate(offered, 1)]
        options = book.drawn[key] = (*numbered, *(() if top else _ways_back(book, lang)))
    return options


def _ways_back(book: FlowBook, lang: str) -> tuple[Option, ...]:
    key = (edits(), lang)
    ways: tuple[Option, ...] | None = book.drawn.get(key)
    if ways is None:
        back, home = book.say(lang, "talk.back"), book.say(lang, "talk.home")
        ways = book.drawn[key] = ((BACK, back, "nav", "back"), (HOME_KEY, home, "nav", "home"))
    return ways


def _rows(book: FlowBook, s: Session, state: Pick, rows: Sequence[ListRow]) -> list[Option]:
    if s.first >= len(rows):
        s.first = 0
    long = len(rows) > MOST_ITEMS
    page = rows[s.first : s.first + MOST_ROWS] if long else rows
    options: list[Option] = [
        (str(number), book.say(s.lang, state.row, asdict(row)), "row", row.value) for number, row in enumerate(page, 1)
    ]
    if long:
        options.append((NEXT_ROWS, book.say(s.lang, "talk.others"), "nav", "more"))
    return options


def screen(book: FlowBook, s: Session, *, hint: bool = True, title: bool = True) -> Screen:
    """The stored screen as a channel wants it, with the hint above it where an answer could not be used."""
    shown = s.shown
    assert shown is not None
    text = "\n".join([part for part, there in ((s.hint, hint), (shown.text, title)) if there and part])
    labels = tuple([(key, label) for key, label, _, _ in shown.options])
    more, back = _turns(book, s.lang, labels)
    ways = sum(kind == "nav" and value != "more" for _, _, kind, value in shown.options)
    return Screen(text, _options(labels), shown.ends, more, back, shown.secret, shown.share, ways)


def screens(book: FlowBook, s: Session) -> list[Screen]:
    """The same screen in ways that need less and less room: a hint must not push a menu onto a second page.

    What the first menu says beside its choices can be had again, and a title without figures is no loss: there the hint may stand alone.
    Elsewhere the words are needed, and to see the same screen again is hint enough.
    """
    state = book.state(s.place) if s.place else None
    if not s.hint or not isinstance(state, (*OFFERS, Pick)):
        return [screen(book, s)]
    spare = isinstance(state, Menu) and state.home
    spare = spare or (isinstance(state, Menu | Pick) and not book.words.fields(s.lang, state.text))
    return [screen(book, s), *([screen(book, s, title=False)] if spare else []), screen(book, s, hint=False)]


def _turns(book: FlowBook, lang: str, labels: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """How the ways to the next page and to the one before are called: never like something on the screen."""
    key = (edits(), lang, "turns")
    words: tuple[str, ...] | None = book.drawn.get(key)
    if words is None:
        words = book.drawn[key] = tuple([book.say(lang, name) for name in TURNS])
    on_screen = [label for _, label in labels]
    more, following, back, before = words
    return following if more in on_screen else more, before if back in on_screen else back


@lru_cache(maxsize=2048)
def _options(labels: tuple[tuple[str, str], ...]) -> tuple[message.Option, ...]:
    """Most screens offer what another screen offered a moment ago."""
    return tuple([message.Option(key, label) for key, label in labels])
