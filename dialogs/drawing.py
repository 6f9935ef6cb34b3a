"""Writes a state on the customer's screen: its words, its options with what they stand for, and the ways back."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from core import message
from core.message import Screen
from core.text import edits
from dialogs.book import Book
from dialogs.heard import BACK, HOME_KEY, NEXT_ROWS
from dialogs.model import MOST_ITEMS, NOT_SHOWN, OFFERS, End, Menu, Pick, Say, State
from dialogs.session import Session, Shown

MOST_ROWS = MOST_ITEMS - 1
"""Rows at a time of a list that is longer than a menu may be."""

Option = tuple[str, str, str, Any]
"""What is typed, what it says, and what it stands for: a kind and a value."""


def draw(book: Book, s: Session, state: State, values: Mapping[str, Any]) -> Shown:
    """What the customer sees of a state, given what was loaded for it."""
    assert not isinstance(state, NOT_SHOWN)
    given = {**s.data, **values}
    text = book.say(s.lang, state.text, given)
    if isinstance(state, OFFERS):
        return Shown(text, _choices(book, s.lang, state, given))
    if isinstance(state, Pick):
        return Shown(text, (*_rows(book, s, state, values["rows"]), *_ways_back(book, s.lang)))
    if isinstance(state, End):
        return Shown(text, ends=True)
    if state.quiet:
        return Shown("")
    share = book.say(s.lang, state.share) if state.share else ""
    return Shown(text, _ways_back(book, s.lang) if state.nav else (), secret=state.secret, share=share)


def _choices(book: Book, lang: str, state: Menu | Say, given: Mapping[str, Any]) -> tuple[Option, ...]:
    """The choices offered to this customer, numbered, and the ways back. The same for all who are offered the same."""
    offered = tuple([choice.label for choice in state.choices if not choice.when or given.get(choice.when)])
    top = isinstance(state, Menu) and state.home
    key = (edits(), lang, offered, top)
    drawn: tuple[Option, ...] | None = book.drawn.get(key)
    if drawn is None:
        numbered = [(str(number), book.say(lang, label), "choice", label) for number, label in enumerate(offered, 1)]
        drawn = book.drawn[key] = (*numbered, *(() if top else _ways_back(book, lang)))
    return drawn


def _ways_back(book: Book, lang: str) -> tuple[Option, ...]:
    key = (edits(), lang)
    ways: tuple[Option, ...] | None = book.drawn.get(key)
    if ways is None:
        back, home = book.say(lang, "talk.back"), book.say(lang, "talk.home")
        ways = book.drawn[key] = ((BACK, back, "nav", "back"), (HOME_KEY, home, "nav", "home"))
    return ways


def _rows(book: Book, s: Session, state: Pick, rows: Sequence[Mapping[str, Any]]) -> list[Option]:
    if s.first >= len(rows):
        s.first = 0
    long = len(rows) > MOST_ITEMS
    page = rows[s.first : s.first + MOST_ROWS] if long else rows
    drawn: list[Option] = [
        (str(number), book.say(s.lang, state.row, row), "row", row["value"]) for number, row in enumerate(page, 1)
    ]
    if long:
        drawn.append((NEXT_ROWS, book.say(s.lang, "talk.others"), "nav", "more"))
    return drawn


def screen(book: Book, s: Session) -> Screen:
    """The stored screen as a channel wants it, with the hint above it where an answer could not be used."""
    shown = s.shown
    assert shown is not None
    text = f"{s.hint}\n{shown.text}" if s.hint else shown.text
    more, back = _turns(book, s.lang)
    labels = tuple([(key, label) for key, label, _, _ in shown.options])
    return Screen(text, _options(labels), shown.ends, more, back, shown.secret, shown.share)


def _turns(book: Book, lang: str) -> tuple[str, str]:
    """How the ways to the next page and to the one before are called."""
    key = (edits(), lang, "turns")
    turns: tuple[str, str] | None = book.drawn.get(key)
    if turns is None:
        turns = book.drawn[key] = book.say(lang, "channels.more"), book.say(lang, "channels.back")
    return turns


@lru_cache(maxsize=2048)
def _options(labels: tuple[tuple[str, str], ...]) -> tuple[message.Option, ...]:
    """Most screens offer what another screen offered a moment ago."""
    return tuple([message.Option(key, label) for key, label in labels])
