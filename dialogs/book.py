"""All flows in one book: finds the state a place names, and where a target leads."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dialogs.intents import Intent
from dialogs.model import Flow, Load, State
from dialogs.session import Place
from dialogs.words import Words

HOME, RESUME = "home", "resume"
STICKY = ("account_id", "account", "proven")
"""What is remembered when the talk goes home: the account that was chosen, and that the PIN was right."""


def _no_intent(text: str) -> Intent | None:
    return None if text else None


@dataclass(frozen=True)
class Book:
    """The flows of this house, the question that tells who is calling, and how the house speaks."""

    flows: Mapping[str, Flow]
    caller: Load
    words: Words
    intent: Callable[[str], Intent | None] = _no_intent
    guards: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        guards = frozenset(guard for flow in self.flows.values() for guard in flow.guards)
        object.__setattr__(self, "guards", guards)

    def state(self, place: Place) -> State | None:
        """The state of a place; None when the flow is not what it was when the place was stored."""
        flow = self.flows.get(place.flow)
        if flow is None or flow.version != place.version:
            return None
        return flow.states.get(place.state)

    def place(self, flow: str, state: str = "") -> Place:
        """A place by name; without a state, the start of the flow."""
        found = self.flows[flow]
        return Place(flow, state or found.start, found.version)

    def say(self, lang: str, key: str, values: Mapping[str, Any] | None = None) -> str:
        """See `Words.say`."""
        return self.words.say(lang, key, values)


def bind(flows: Iterable[Flow], caller: Load, words: Words, intent: Callable[[str], Intent | None]) -> Book:
    """A book of these flows; no two may have one name."""
    named: dict[str, Flow] = {}
    for flow in flows:
        if flow.name in named:
            raise ValueError(f"two flows are called {flow.name}")
        named[flow.name] = flow
    return Book(named, caller, words, intent)
