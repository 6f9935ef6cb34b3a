"""Proofs that the tables and the counter fit: a load or an effect answers the value its table says, what a flow keeps is a field of it,
and what a text names, in every language, is a field of it or kept before. Proved when the book is opened (`flows.book_of`).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

from msgspec import UNSET, Struct
from msgspec.structs import asdict

from dialogs.answers import Answer
from dialogs.book import STICKY, FlowBook
from dialogs.model import NOT_SHOWN, OFFERS, Act, AnyLoad, Ask, Do, Effect, Flow, Fork, Go, Menu, Pick, Say, State

ALWAYS = {"why": "W" * 150}
"""What the engine gives to any text: why something was refused."""


def check_answers(book: FlowBook, languages: tuple[str, ...]) -> list[str]:
    """Every problem of what is loaded, kept and named, as sentences."""
    return [*_typed(book), *_kept(book), *_named(book, languages)]


def runs(state: State) -> Iterator[AnyLoad | Effect[Answer]]:
    """What a state asks of the counter."""
    if isinstance(state, Act):
        yield state.run
    elif isinstance(state, Menu | Pick | Ask | Say | Fork) and state.load:
        yield state.load
    if isinstance(state, OFFERS):
        yield from (choice.run for choice in state.choices if isinstance(choice, Do))


def kept_by(flow: Flow) -> Mapping[str, Any]:
    """Everything that a flow leaves in its talk, each at its widest."""
    kept: dict[str, Any] = {}
    for state in flow.states.values():
        for run in runs(state):
            if isinstance(run, Effect):
                kept |= _values(run.widest)
        if isinstance(state, Ask):
            kept |= state.widest
        if isinstance(state, Pick):
            kept[state.keep_as] = ""
        elif not isinstance(state, Act) and (keep := getattr(state, "keep", ())) and state.load:
            loaded = _values(state.load.widest)
            kept |= {name: loaded[name] for name in keep if name in loaded}
        if isinstance(state, OFFERS):
            for choice in state.choices:
                kept |= choice.keep if isinstance(choice, Go) else {}
    return kept


def _values(answer: Answer) -> dict[str, Any]:
    return {name: "" if value is UNSET else value for name, value in asdict(answer).items() if name != "outcome"}


def _each(book: FlowBook) -> Iterator[tuple[str, Flow, State]]:
    for flow in book.flows.values():
        for name, state in flow.states.items():
            yield f"{flow.name}.{name}", flow, state


def _typed(book: FlowBook) -> Iterator[str]:
    """Whether a function of the counter answers the class that stands in the table beside it."""
    yield from _answers("the caller", book.caller)
    yield from _answers("the first meeting", book.meet)
    for where, _, state in _each(book):
        for run in runs(state):
            yield from _answers(where, run)


def _answers(where: str, run: AnyLoad | Effect[Answer]) -> Iterator[str]:
    function = run.do if isinstance(run, Effect) else run.ask
    answer, written = type(run.widest), _returned(function)
    if written is not answer:
        yield f"{where}: {function.__name__} answers {getattr(written, '__name__', written)}, not {answer.__name__}"
    if not answer.__struct_config__.frozen:
        yield f"{where}: {answer.__name__} is not frozen"


@cache
def _returned(function: Any) -> Any:
    return get_type_hints(function).get("return")


def _kept(book: FlowBook) -> Iterator[str]:
    """Whether what a state keeps, and what its choices hang on, is there."""
    for where, flow, state in _each(book):
        if isinstance(state, Ask) and not (state.widest or state.secret):
            yield f"{where}: it does not say what its answer gives"
        if isinstance(state, Act | Pick) or not hasattr(state, "keep"):
            continue
        own = _fields(state.load.widest) if state.load else frozenset()
        yield from (f"{where}: nobody gives it {name} to keep" for name in state.keep if name not in own)
        if isinstance(state, OFFERS):
            known = {*own, *kept_by(flow), *STICKY, "said"}
            for choice in state.choices:
                if choice.when and choice.when not in known:
                    yield f"{where}: nobody gives it {choice.when}, on which {choice.label} hangs"


def _named(book: FlowBook, languages: tuple[str, ...]) -> Iterator[str]:
    """Whether what a text names is loaded with it, kept by its flow, or said by the house."""
    house = frozenset(book.words.common)
    for flow in book.flows.values():
        known = {*kept_by(flow), *STICKY, *ALWAYS, *house}
        for name, state in flow.states.items():
            if isinstance(state, NOT_SHOWN):
                continue
            load = getattr(state, "load", None)
            own = known | _fields(load.widest) if load else known
            yield from _missing(book, languages, f"{flow.name}.{name}", state.text, own)
            if isinstance(state, Pick):
                rows = state.load.widest.rows
                given = house.union(*(_fields(row) for row in rows))
                yield from _missing(book, languages, f"{flow.name}.{name}", state.row, given)


def _missing(
    book: FlowBook, languages: tuple[str, ...], where: str, key: str, given: frozenset[str] | set[str]
) -> Iterator[str]:
    for lang in languages:
        if names := sorted(book.words.fields(lang, key) - given):
            yield f"{where} ({lang}): nobody gives it {', '.join(names)}"


def _fields(value: Struct) -> frozenset[str]:
    return frozenset(value.__struct_fields__)
