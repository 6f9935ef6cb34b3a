"""Understands what was typed, by what the customer saw: the stored options, never the list as it would be now."""

from typing import Any

import msgspec

from dialogs import brought
from dialogs.book import Book
from dialogs.model import OFFERS, Again, Ask, Do, Go, Pick, State, Values
from dialogs.redact import has_card
from dialogs.session import Session

LONGEST_ANSWER = 400
"""Characters that any question of ours can use. A longer text is answered kindly and not kept."""
FILES = ("picture", "voice", "file")
BACK, HOME_KEY, NEXT_ROWS = "0", "00", "9"


class Chosen(msgspec.Struct, frozen=True):
    """A choice of a menu."""

    choice: Go | Do


class Kept(msgspec.Struct, frozen=True):
    """A row was picked or a question answered."""

    keep: Values
    to: str
    whisper: bool = False


class Back(msgspec.Struct, frozen=True):
    """To the screen before, or all the way home."""

    home: bool


class NextRows(msgspec.Struct, frozen=True):
    """The next rows of a long list."""


class Into(msgspec.Struct, frozen=True):
    """A keyword leads to another flow."""

    flow: str
    keep: Values = msgspec.field(default_factory=dict)


class Hint(msgspec.Struct, frozen=True):
    """Nothing that could be used: say why, and ask again. `moved`: the screen is of another time, so home instead."""

    key: str
    values: Values = msgspec.field(default_factory=dict)
    secret: bool = False
    moved: bool = False


Heard = Chosen | Kept | Back | NextRows | Into | Hint


def understand(book: Book, s: Session, state: State, text: str) -> Heard:
    """What the customer means by `text` on the screen that stands."""
    assert s.shown is not None
    typed = text.strip()
    if came := brought.read(typed):
        return _without_words(book, s, state, came)
    for key, label, kind, value in s.shown.options:
        if key == typed or (s.shown.share and label == typed):
            return _by_key(state, kind, value)
    if has_card(typed):
        return Hint("talk.card", secret=True)
    if len(typed) > LONGEST_ANSWER:
        return Hint("talk.too_long", secret=s.shown.secret)
    intent = book.intent(typed)
    if intent and (intent.everywhere or not isinstance(state, Ask)):
        return Into(intent.flow, intent.keep)
    if isinstance(state, Ask):
        return _answer(book, s, state, typed)
    heard = _by_label(s, state, typed)
    meant = book.guess(typed, s.lang) if isinstance(heard, Hint) and not heard.moved else None
    return Into(meant.flow, meant.keep) if meant else heard


def _without_words(book: Book, s: Session, state: State, came: brought.Brought) -> Heard:
    """A place answers the question for one, and else begins a report; a file says what it is; what we cannot use is told so, and the same
    question stands."""
    if came.name == "place":
        clerk = s.place is not None and s.place.flow == "agent"
        if isinstance(state, Ask) and (state.pin or clerk):
            return _answer(book, s, state, came.words)
        return Into("fault", {"typed_place": came.words})
    if came.name in FILES:
        return Into("photo", {"sent": came.name})
    return Hint(came.name)


def _by_key(state: State, kind: str, value: Any) -> Heard:
    if kind == "nav":
        return NextRows() if value == "more" else Back(value == "home")
    if kind == "row" and isinstance(state, Pick):
        return Kept({state.keep_as: value}, state.to)
    if kind == "choice" and isinstance(state, OFFERS):
        for choice in state.choices:
            if choice.label == value:
                return Chosen(choice)
    return Hint("talk.moved", moved=True)


def _answer(book: Book, s: Session, state: Ask, typed: str) -> Heard:
    try:
        keep = state.parse(typed, s.data, book.words.common)
    except Again as again:
        return Hint(again.key, again.params, state.secret)
    return Kept(keep, state.to, state.secret)


def _by_label(s: Session, state: State, typed: str) -> Heard:
    """The words of an option, or its number written loosely: `2.`, `(2)`, `Balance`."""
    assert s.shown is not None
    loose = typed.strip("().#* ").casefold()
    for key, label, kind, value in s.shown.options:
        if loose and loose in (key, label.casefold()):
            return _by_key(state, kind, value)
    return Hint("talk.hint")
