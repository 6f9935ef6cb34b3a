"""All flows in one book: finds the state a place names, and where a target leads."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dialogs.answers import Identified
from dialogs.flow_digest import digest, is_guard
from dialogs.intents import Intent
from dialogs.localize import Localizer
from dialogs.model import Effect, Flow, QuickLoad, State
from dialogs.session import StatePlace

HOME, RESUME, REFUSED = "home", "resume", "sorry"
STICKY = ("account_id", "proven", "medium")
"""What is remembered when the talk goes home: the account that was chosen, that the PIN was right, and where they speak from."""


@dataclass(frozen=True)
class FlowBook:
    """The flows of this house, how it learns who is calling, and how the house speaks."""

    flows: Mapping[str, Flow]
    places: Mapping[tuple[str, str], StatePlace]
    guards: frozenset[str]
    before: Mapping[str, tuple[StatePlace, ...]]
    """Where the guards of each flow begin, the first one last."""
    caller: QuickLoad[Identified]
    meet: Effect[Identified]
    words: Localizer
    intent: Callable[[str], Intent | None]
    classify: Callable[[str, str], Intent | None]
    """What a whole sentence most likely means, in a language."""
    entrances: frozenset[str]
    """The flows that may be entered without a choice of another flow: home, resume, and those of keywords."""
    drawn: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False)
    """Options that are the same for everyone, kept by `dialogs/screen.py`."""

    def state(self, place: StatePlace) -> State | None:
        """The state of a place; None when the flow is not what it was when the place was stored."""
        if self.places.get((place.flow, place.state)) != place:
            return None
        return self.flows[place.flow].states[place.state]

    def place(self, flow: str, state: str = "") -> StatePlace:
        """A place by name; without a state, the start of the flow."""
        return self.places[flow, state or self.flows[flow].start]

    def say(self, lang: str, key: str, values: Mapping[str, Any] | None = None) -> str:
        """See `Words.say`."""
        return self.words.say(lang, key, values)


def bind(
    flows: Iterable[Flow],
    caller: QuickLoad[Identified],
    meet: Effect[Identified],
    words: Localizer,
    intent: Callable[[str], Intent | None],
    keywords: Iterable[str] = (),
    classify: Callable[[str, str], Intent | None] = lambda _text, _lang: None,
) -> FlowBook:
    """A book of these flows; no two may have one name."""
    named: dict[str, Flow] = {}
    places: dict[tuple[str, str], StatePlace] = {}
    for flow in flows:
        if flow.name in named:
            raise ValueError(f"two flows are called {flow.name}")
        named[flow.name] = flow
        version = digest(flow)
        places.update({(flow.name, state): StatePlace(flow.name, state, version) for state in flow.states})
    guards = frozenset(flow.name for flow in named.values() if is_guard(flow))
    entrances = frozenset({HOME, RESUME, REFUSED, *keywords} & named.keys())
    before = {
        flow.name: tuple(places[guard, named[guard].start] for guard in reversed(flow.guards))
        for flow in named.values()
    }
    return FlowBook(named, places, guards, before, caller, meet, words, intent, classify, entrances)
