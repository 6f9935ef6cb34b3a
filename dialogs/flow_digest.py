"""Reads edges off the tables: what leads where, for the checks, the drawings, and the version of a flow."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialogs.answers import Answer
from dialogs.model import WANTED, Act, Ask, Do, Effect, End, Flow, Fork, Menu, Pick, Say, State


@dataclass(frozen=True, slots=True)
class Edge:
    """One way on from a state. `label` is the key of a choice, or the name of an outcome."""

    label: str
    to: str
    run: Effect[Answer] | None = None


def edges(state: State) -> Iterator[Edge]:
    """Every way the table itself leads on; back and home, which the engine adds, are not among them."""
    if isinstance(state, Menu | Say):
        for choice in state.choices:
            if isinstance(choice, Do):
                yield from (Edge(f"{choice.label}: {name}", to, choice.run) for name, to in choice.leads.items())
            else:
                yield Edge(choice.label, choice.to)
    elif isinstance(state, Pick):
        yield from (Edge(state.row, state.to), Edge("none", state.none))
    elif isinstance(state, Ask):
        yield Edge("", state.to)
    elif isinstance(state, Fork | Act):
        run = state.run if isinstance(state, Act) else None
        yield from (Edge(label, to, run) for label, to in state.to.items())


def places_of(flows: Mapping[str, Flow], flow: str | None, target: str) -> list[tuple[str, str]]:
    """The (flow, state) that a target of `flow` may lead to at once: a flow with guards may be entered by any of them."""
    if flow and target in flows[flow].states:
        return [(flow, target)]
    if target not in flows:
        return []  # WANTED and LEFT: only a session knows
    entered = flows[target]
    return [(target, entered.start), *((guard, flows[guard].start) for guard in entered.guards)]


def is_guard(flow: Flow) -> bool:
    """Whether the flow stands before others and leads on to what was wanted."""
    return any(edge.to == WANTED for state in flow.states.values() for edge in edges(state))


def keys(state: State) -> list[str]:
    """The catalogue keys a state says."""
    names = [state.text] if isinstance(state, Menu | Pick | Ask | Say | End) else []
    if isinstance(state, Menu | Say):
        names += [choice.label for choice in state.choices]
    if isinstance(state, Pick):
        names.append(state.row)
    if isinstance(state, Ask) and state.share:
        names.append(state.share)
    return names


def digest(flow: Flow) -> str:
    """Eight letters that change whenever a state, an edge or a word key does."""
    shape = [flow.name, flow.start, *flow.guards]
    for name, state in flow.states.items():
        shape += [name, type(state).__name__, *keys(state)]
        shape += [f"{edge.label}>{edge.to}" for edge in edges(state)]
    return hashlib.blake2b("\n".join(shape).encode(), digest_size=6).hexdigest()[:8]
