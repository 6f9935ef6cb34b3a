"""Writes a state on the customer's screen: its words, its options with what they stand for, and the ways back."""

from collections.abc import Mapping
from typing import Any

from core.message import Option, Screen
from dialogs.book import Book
from dialogs.heard import BACK, HOME_KEY, NEXT_ROWS
from dialogs.model import MOST_ITEMS, Ask, End, Menu, Pick, Say, State
from dialogs.session import Session, Shown

MOST_ROWS = MOST_ITEMS - 1
"""Rows at a time of a list that is longer than a menu may be."""

Choice = tuple[str, str, Any]


def draw(book: Book, s: Session, state: State, values: Mapping[str, Any]) -> Shown:
    """What the customer sees of a state, given what was loaded for it."""
    given = {**s.data, **values}
    lang = s.lang
    labels: list[tuple[str, str]] = []
    choices: list[Choice] = []
    if isinstance(state, Menu | Say):
        _choices(book, lang, state, given, labels, choices)
    elif isinstance(state, Pick):
        _rows(book, s, state, values, labels, choices)
    assert not isinstance(state, End) or not labels
    ends = isinstance(state, End)
    if not ends and not (isinstance(state, Menu) and state.home):
        labels += [(BACK, book.say(lang, "talk.back")), (HOME_KEY, book.say(lang, "talk.home"))]
        choices += [(BACK, "nav", "back"), (HOME_KEY, "nav", "home")]
    said = book.say(lang, state.text, given)  # type: ignore[union-attr]
    secret = isinstance(state, Ask) and state.secret
    return Shown(said, tuple(labels), tuple(choices), ends, secret)


def _choices(
    book: Book,
    lang: str,
    state: Menu | Say,
    given: Mapping[str, Any],
    labels: list[tuple[str, str]],
    choices: list[Choice],
) -> None:
    number = 0
    for choice in state.choices:
        if choice.when and not given.get(choice.when):
            continue
        number += 1
        key = str(number)
        labels.append((key, book.say(lang, choice.label, given)))
        choices.append((key, "choice", choice.label))


def _rows(
    book: Book, s: Session, state: Pick, values: Mapping[str, Any], labels: list[tuple[str, str]], choices: list[Choice]
) -> None:
    rows = values["rows"]
    if s.first >= len(rows):
        s.first = 0
    long = len(rows) > MOST_ITEMS
    page = rows[s.first : s.first + MOST_ROWS] if long else rows
    for number, row in enumerate(page, 1):
        labels.append((str(number), book.say(s.lang, state.row, row)))
        choices.append((str(number), "row", row["value"]))
    if long:
        labels.append((NEXT_ROWS, book.say(s.lang, "talk.others")))
        choices.append((NEXT_ROWS, "nav", "more"))


def screen(book: Book, s: Session) -> Screen:
    """The stored screen as a channel wants it, with the hint above it where an answer could not be used."""
    shown = s.shown
    assert shown is not None
    text = f"{s.hint}\n{shown.text}" if s.hint else shown.text
    options = tuple([Option(key, label) for key, label in shown.labels])
    more, back = book.say(s.lang, "channels.more"), book.say(s.lang, "channels.back")
    return Screen(text, options, shown.ends, more, back, shown.secret)
