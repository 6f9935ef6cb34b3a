"""Writes a state on the customer's screen: its words, its options with what they stand for, and the ways back."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import message
from core.message import Screen
from dialogs.book import Book
from dialogs.heard import BACK, HOME_KEY, NEXT_ROWS
from dialogs.model import MOST_ITEMS, Act, Ask, End, Fork, Menu, Pick, Say, State
from dialogs.session import Session, Shown

MOST_ROWS = MOST_ITEMS - 1
"""Rows at a time of a list that is longer than a menu may be."""

Option = tuple[str, str, str, Any]
"""What is typed, what it says, and what it stands for: a kind and a value."""


def draw(book: Book, s: Session, state: State, values: Mapping[str, Any]) -> Shown:
    """What the customer sees of a state, given what was loaded for it."""
    assert not isinstance(state, Fork | Act)
    given = {**s.data, **values}
    if isinstance(state, Menu | Say):
        options = _choices(book, s.lang, state, given)
    elif isinstance(state, Pick):
        options = _rows(book, s, state, values["rows"])
    else:
        options = []
    ends = isinstance(state, End)
    if not ends and not (isinstance(state, Menu) and state.home):
        options.append((BACK, book.say(s.lang, "talk.back"), "nav", "back"))
        options.append((HOME_KEY, book.say(s.lang, "talk.home"), "nav", "home"))
    labels = tuple([(key, label) for key, label, _, _ in options])
    choices = tuple([(key, kind, value) for key, _, kind, value in options])
    secret = isinstance(state, Ask) and state.secret
    return Shown(book.say(s.lang, state.text, given), labels, choices, ends, secret)


def _choices(book: Book, lang: str, state: Menu | Say, given: Mapping[str, Any]) -> list[Option]:
    offered = [choice for choice in state.choices if not choice.when or given.get(choice.when)]
    return [
        (str(number), book.say(lang, choice.label, given), "choice", choice.label)
        for number, choice in enumerate(offered, 1)
    ]


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
    options = tuple([message.Option(key, label) for key, label in shown.labels])
    more, back = book.say(s.lang, "channels.more"), book.say(s.lang, "channels.back")
    return Screen(text, options, shown.ends, more, back, shown.secret)
