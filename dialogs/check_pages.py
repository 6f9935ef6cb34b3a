"""Proofs over every screen as a channel lays it out: no page without content, no two keys of one word, no hint that costs a page."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec.structs import replace

from core.message import Screen
from core.text import say
from dialogs.book import FlowBook
from dialogs.check import each, widest_kept
from dialogs.model import Act, Fork, Menu, Pick, Say, State
from dialogs.screen import draw, screens
from dialogs.session import Session
from dialogs.small_talk import SMALL_TALK

HINTS = ("talk.hint", "talk.moved", "talk.card", "talk.too_long", "talk.late", *SMALL_TALK)
"""What may stand above a menu."""
EVERY = 5
"""Letters of a text by which it is shortened, one try after the other: what is filled in is seldom the longest."""


class LaidPage(Protocol):
    """A page of a screen, as `channels/contract.py` has it."""

    @property
    def text(self) -> str:
        """What stands on it."""

    @property
    def more(self) -> str | None:
        """What shows the next."""

    @property
    def back(self) -> str | None:
        """What shows the one before."""


LayOut = Callable[[Screen], Sequence[LaidPage]]


def check_pages(book: FlowBook, languages: Sequence[str], lay_out: LayOut) -> list[str]:
    """Every problem of every screen in these languages on one channel, as sentences."""
    kept = widest_kept(book)
    problems = []
    for lang in languages:
        hints = [say(lang, key) for key in HINTS]
        for where, flow, name, state in each(book):
            if isinstance(state, Fork | Act):
                continue
            session = _standing(book, lang, flow, name, state, kept)
            for problem in dict.fromkeys(_wrong(book, session, state, hints, lay_out)):
                problems.append(f"{where} ({lang}): {problem}")
    return problems


def _standing(book: FlowBook, lang: str, flow: str, name: str, state: State, kept: dict[str, object]) -> Session:
    answer = state.load.widest if not isinstance(state, Act) and state.load else None
    session = Session("check", lang=lang, data=dict(kept), place=book.places[flow, name])
    session.shown = draw(book, session, state, answer)
    return session


def _wrong(book: FlowBook, s: Session, state: State, hints: list[str], lay_out: LayOut) -> Iterator[str]:
    assert s.shown is not None
    whole = s.shown
    for length in range(len(whole.text), -1, -EVERY):
        s.shown = replace(whole, text=whole.text[:length])
        [bare] = screens(book, s)
        pages = lay_out(bare)
        yield from _of_one_word(bare, pages)
        yield from _hollow(bare, pages)
        if isinstance(state, Menu | Say | Pick) and length == len(whole.text):
            yield from _costly(book, s, hints, len(pages), lay_out)


def _costly(book: FlowBook, s: Session, hints: list[str], without: int, lay_out: LayOut) -> Iterator[str]:
    for hint in hints:
        s.hint = hint
        if min(len(lay_out(candidate)) for candidate in screens(book, s)) > without:
            yield f"{hint!r} above it takes another page"
    s.hint = ""


def _of_one_word(screen: Screen, pages: Sequence[LaidPage]) -> Iterator[str]:
    """Choices that exclude each other may have one name: they stand for one thing, so only the ways are compared with the rest."""
    labels = [option.label.casefold() for option in screen.options]
    own, ways = labels[: len(labels) - screen.ways], labels[len(labels) - screen.ways :]
    turns = [screen.more] if any(page.more for page in pages) else []
    turns += [screen.back] if any(page.back for page in pages) else []
    for word in (*ways, *(turn.casefold() for turn in turns)):
        if [*own, *ways, *(turn.casefold() for turn in turns)].count(word) > 1:
            yield f"{word!r} has two keys"


def _hollow(screen: Screen, pages: Sequence[LaidPage]) -> Iterator[str]:
    """A page on which nothing stands but ways to others."""
    ways = {f"{option.key}. {option.label}" for option in screen.options[len(screen.options) - screen.ways :]}
    for number, page in enumerate(pages[1:], 2):
        turns = {f"{key}. {word}" for key, word in ((page.more, screen.more), (page.back, screen.back)) if key}
        turns |= {f"{key}." for key in (page.more, page.back) if key}
        if all(line in ways | turns for line in page.text.splitlines()):
            yield f"page {number} only leads away"
