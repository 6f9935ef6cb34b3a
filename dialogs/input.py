"""Understands what was typed, by what the customer saw: the stored options, never the list as it would be now."""

from typing import Any

import msgspec

from dialogs import attachments
from dialogs.book import FlowBook
from dialogs.intents import Intent
from dialogs.model import OFFERS, Again, Ask, Do, Go, Pick, State, Values
from dialogs.normalize import as_key
from dialogs.redact import has_card
from dialogs.session import Session

LONGEST_ANSWER = 400
"""Characters that any question of ours can use. A longer text is answered kindly and not kept."""
FILES = ("picture", "voice", "file")
BACK, HOME_KEY, NEXT_ROWS = "0", "00", "9"


class ChoiceMade(msgspec.Struct, frozen=True):
    """A choice of a menu."""

    choice: Go | Do


class Filled(msgspec.Struct, frozen=True):
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
    greet: str = ""
    """What is said above the first menu (a catalogue key)."""


class Aside(msgspec.Struct, frozen=True):
    """Another flow for a moment; the question that waits stays behind it."""

    flow: str
    keep: Values = msgspec.field(default_factory=dict)


class Hint(msgspec.Struct, frozen=True):
    """Nothing that could be used: say why, and ask again. `moved`: the screen is of another time, so home instead."""

    key: str
    values: Values = msgspec.field(default_factory=dict)
    secret: bool = False
    moved: bool = False


Input = ChoiceMade | Filled | Back | NextRows | Into | Aside | Hint


def understand(book: FlowBook, s: Session, state: State, text: str) -> Input:
    """What the customer means by `text` on the screen that stands."""
    assert s.shown is not None
    typed = text.strip()
    if attachment := attachments.decode(typed):
        return _without_words(book, s, state, attachment)
    number = as_key(typed)
    for key, label, kind, value in s.shown.options:
        if key in (typed, number) or (s.shown.share and label == typed):
            return _by_key(state, kind, value)
    if has_card(typed):
        return Hint("talk.card", secret=True)
    intent = book.intent(typed)
    if isinstance(state, Ask):
        return _asked(book, s, state, typed, intent)
    if intent:
        return _into(intent)
    if len(typed) > LONGEST_ANSWER:
        return Hint("talk.too_long", secret=s.shown.secret)
    meaning = _by_label(s, state, typed)
    guess = book.classify(typed, s.lang) if isinstance(meaning, Hint) and not meaning.moved else None
    return _into(guess) if guess else meaning


def late(book: FlowBook, s: Session, state: State, text: str) -> Input:
    """What is meant by a text that was written before the question that stands: never an answer to it."""
    if isinstance(state, Ask) and not state.nav:
        return understand(book, s, state, text)  # a person reads it
    if attachments.decode(text.strip()):
        return understand(book, s, state, text)  # it answers no question by its words
    intent = book.intent(text.strip())
    if isinstance(state, Ask):
        return _into(intent) if intent and intent.everywhere and not intent.sure else Hint("talk.late")
    intent = intent or book.classify(text.strip(), s.lang)
    return _into(intent) if intent else Hint("talk.late")


def _into(intent: Intent) -> Into:
    return Into(intent.flow, intent.keep, intent.greet)


def _asked(book: FlowBook, s: Session, state: Ask, typed: str, intent: Intent | None) -> Input:
    """An answer in the customer's own words, unless it can be none, or is a word that goes before every question."""
    if intent and intent.everywhere and not intent.sure:
        return _into(intent)
    if intent and intent.over_questions and state.nav:
        return Aside(intent.flow) if intent.flow == "help" else _into(intent)
    too_long = len(typed) > LONGEST_ANSWER
    answer = Hint("talk.too_long", secret=state.secret) if too_long else _answer(book, s, state, typed)
    if intent is None or not (state.nav or intent.everywhere):
        return answer
    if isinstance(answer, Hint) or state.coded:
        return _into(intent)
    return Aside(intent.sure, {"said": typed}) if intent.sure else answer


def _without_words(book: FlowBook, s: Session, state: State, attachment: attachments.Attachment) -> Input:
    """A place answers the question for one, and else begins a report; a file says what it is; what we cannot use is told so, and the same
    question stands."""
    if attachment.name == "place":
        clerk = s.place is not None and s.place.flow == "agent"
        if isinstance(state, Ask) and (state.pin or clerk):
            return _answer(book, s, state, attachment.words)
        return Into("fault", {"typed_place": attachment.words})
    if attachment.name in FILES:
        return Into("photo", {"sent": attachment.name})
    return Hint(attachment.name)


def _by_key(state: State, kind: str, value: Any) -> Input:
    if kind == "nav":
        return NextRows() if value == "more" else Back(value == "home")
    if kind == "row" and isinstance(state, Pick):
        return Filled({state.keep_as: value}, state.to)
    if kind == "choice" and isinstance(state, OFFERS):
        for choice in state.choices:
            if choice.label == value:
                return ChoiceMade(choice)
    return Hint("talk.moved", moved=True)


def _answer(book: FlowBook, s: Session, state: Ask, typed: str) -> Input:
    try:
        keep = state.parse(typed, s.data, {**book.words.common, "lang": s.lang})
    except Again as again:
        return Hint(again.key, again.params, state.secret)
    return Filled(keep, state.to, state.secret)


def _by_label(s: Session, state: State, typed: str) -> Input:
    """The words of an option, or its number written loosely: `2.`, `(2)`, `Balance`."""
    assert s.shown is not None
    loose = as_key(typed).casefold()
    for _, label, kind, value in s.shown.options:
        if loose and loose == label.casefold():
            return _by_key(state, kind, value)
    return Hint("talk.hint")
