"""Proofs over every flow in every language, with the longest values filled in. What they find is told as plain sentences.

Proved: every target exists, every state is reached, no turn runs on for ever through states that are not shown, every word is
translated, every screen fits its pages, every outcome of an effect is led on, and nothing that costs money, orders something or
discloses personal data happens without the customer's own yes.
"""

from collections.abc import Callable, Iterator

from core.message import Screen
from core.text import catalogue
from dialogs.answers import Answer
from dialogs.book import FlowBook
from dialogs.check_answers import ALWAYS as ENGINE_GIVES
from dialogs.check_answers import check_answers, kept_by
from dialogs.flow_digest import edges, keys, places_of
from dialogs.model import ASKED, LEFT, MOST_ITEMS, WANTED, Act, Ask, Do, Effect, End, Flow, Fork, Menu, Say, State
from dialogs.screen import draw, screen
from dialogs.session import Session
from dialogs.small_talk import SMALL_TALK

Pages = Callable[[Screen], int]
"""How many pages a channel needs for a screen; the channel hands this in, because dialogs know no channel."""

ALWAYS = ("refused", "down")
ENGINE_KEYS = (
    "talk.back",
    "talk.home",
    "talk.others",
    "talk.hint",
    "talk.moved",
    "talk.card",
    "talk.too_long",
    "talk.late",
    *SMALL_TALK,
)


def check(book: FlowBook, languages: tuple[str, ...], pages: Pages | None = None) -> list[str]:
    """Every problem of the book, as sentences; none when it may be used."""
    broken = list(_targets(book))
    if broken:
        return broken
    problems = [*_unreached(book), *_endless(book), *_outcomes(book), *_unconfirmed(book), *_words(book, languages)]
    problems = problems or [*_plain(book, languages), *check_answers(book, languages)]
    if not problems and pages:
        problems = [problem for lang in languages for problem in _screens(book, lang, pages)]
    return problems


def _each(book: FlowBook) -> Iterator[tuple[str, Flow, State]]:
    """(where, flow, state) of the whole book."""
    for flow in book.flows.values():
        for name, state in flow.states.items():
            yield f"{flow.name}.{name}", flow, state


def each(book: FlowBook) -> Iterator[tuple[str, str, str, State]]:
    """(where, flow, name, state) of the whole book, for proofs of other files."""
    for flow in book.flows.values():
        for name, state in flow.states.items():
            yield f"{flow.name}.{name}", flow.name, name, state


def _targets(book: FlowBook) -> Iterator[str]:
    for flow in book.flows.values():
        if flow.start not in flow.states:
            yield f"{flow.name}: its start {flow.start} is no state of it"
        for guard in flow.guards:
            if guard not in book.guards:
                yield f"{flow.name}: its guard {guard} is no flow that leads on to what was wanted"
        for name in flow.states:
            if name in (WANTED, LEFT, ASKED):
                yield f"{flow.name}.{name}: the name is that of a place that only the session knows"
            if name in book.flows and name not in (flow.name, flow.start):
                yield f"{flow.name}.{name}: a flow has the same name, so that a target {name} could mean either"
    for where, flow, state in _each(book):
        for edge in edges(state):
            if edge.to not in flow.states and edge.to not in book.flows and edge.to not in (WANTED, LEFT, ASKED):
                yield f"{where}: {edge.label or 'the answer'} leads to {edge.to}, which does not exist"


def _unreached(book: FlowBook) -> Iterator[str]:
    waiting = [place for name in book.entrances for place in places_of(book.flows, None, name)]
    reached = set(waiting)
    while waiting:
        flow, state = waiting.pop()
        for edge in edges(book.flows[flow].states[state]):
            for place in places_of(book.flows, flow, edge.to):
                if place not in reached:
                    reached.add(place)
                    waiting.append(place)
    for flow_, name in book.places:
        if (flow_, name) not in reached:
            yield f"{flow_}.{name}: nothing leads here"


def _endless(book: FlowBook) -> Iterator[str]:
    """A circle of states that are never shown would keep a turn busy for ever; a shown one lets the customer turn back."""
    hidden = {place for place in book.places if isinstance(book.flows[place[0]].states[place[1]], Fork | Act)}
    onward = {
        place: {
            to
            for edge in edges(book.flows[place[0]].states[place[1]])
            for to in places_of(book.flows, place[0], edge.to)
            if to in hidden and edge.to not in (WANTED, LEFT)
        }
        for place in hidden
    }
    while leaves := {place for place, after in onward.items() if not after & onward.keys()}:
        onward = {place: after for place, after in onward.items() if place not in leaves}
    for flow, name in sorted(onward):
        yield f"{flow}.{name}: leads in a circle that nobody is shown"


def _outcomes(book: FlowBook) -> Iterator[str]:
    for where, _, state in _each(book):
        for name, run, leads in _effects(state):
            for outcome in (*run.outcomes, *ALWAYS):
                if outcome not in leads:
                    yield f"{where}: {name} may come out {outcome!r}, and that leads nowhere"
            for outcome in leads:
                if outcome not in (*run.outcomes, *ALWAYS):
                    yield f"{where}: {name} never comes out {outcome!r}"


def _effects(state: State) -> Iterator[tuple[str, Effect[Answer], dict[str, str]]]:
    if isinstance(state, Act):
        yield state.run.do.__name__, state.run, dict(state.to)
    elif isinstance(state, Menu):
        for choice in state.choices:
            if isinstance(choice, Do):
                yield choice.run.do.__name__, choice.run, choice.leads


def _unconfirmed(book: FlowBook) -> Iterator[str]:
    """An effect with a risk needs a menu of its own with a way out; a secret goes straight to the effect that checks it."""
    for where, flow, state in _each(book):
        if isinstance(state, Act) and state.run.risk != "none":
            yield f"{where}: {state.run.do.__name__} ({state.run.risk}) runs without the customer's yes"
        if isinstance(state, Menu) and state.home and any(isinstance(choice, Do) for choice in state.choices):
            yield f"{where}: an effect stands on a menu without a way back"
        if isinstance(state, Ask) and state.secret and not isinstance(flow.states.get(state.to), Act):
            yield f"{where}: a secret must go straight to the effect that checks it"


def _words(book: FlowBook, languages: tuple[str, ...]) -> Iterator[str]:
    speakers = dict.fromkeys(ENGINE_KEYS, "the engine")
    for where, _, state in _each(book):
        speakers |= dict.fromkeys(keys(state), where)
    for lang in languages:
        for key, where in speakers.items():
            if key not in catalogue(lang):
                yield f"{where}: {key} is not said in {lang}"


def _plain(book: FlowBook, languages: tuple[str, ...]) -> Iterator[str]:
    """Labels of choices are the same for everyone: they are drawn once."""
    for where, _, state in _each(book):
        if isinstance(state, Menu | Say):
            for choice in state.choices:
                if any(book.words.fields(lang, choice.label) for lang in languages):
                    yield f"{where}: the label {choice.label} has a field, which only a row may have"


def _screens(book: FlowBook, lang: str, pages: Pages) -> Iterator[str]:
    """Draws every state with the longest values; what earlier states keep is taken from all of them together."""
    kept = widest_kept(book)
    for where, _, state in _each(book):
        if isinstance(state, Fork | Act):
            continue
        answer = state.load.widest if not isinstance(state, End) and state.load else None
        try:
            shown = draw(book, Session("check", lang=lang, data=dict(kept)), state, answer)
        except (KeyError, ValueError) as why:
            yield f"{where} ({lang}): cannot be drawn with its longest values: {why!r}"
            continue
        items = sum(kind != "nav" for _, _, kind, _ in shown.options)
        if items > MOST_ITEMS:
            yield f"{where} ({lang}): {items} items, more than {MOST_ITEMS}"
        needed = pages(screen(book, Session("check", lang=lang, shown=shown)))
        if needed > state.pages:
            yield f"{where} ({lang}): {needed} pages, more than the {state.pages} it may have"


def widest_kept(book: FlowBook) -> dict[str, object]:
    """The longest of everything that any state or effect leaves behind."""
    kept: dict[str, object] = dict(ENGINE_GIVES)
    for flow in book.flows.values():
        kept |= kept_by(flow)
    return kept
