"""Levels of restriction, and what a network is told and answers. Pure values.

*Soft*: pages to pay and to get help, and emergency calls, still reachable; *hard*: nothing but emergency calls; *none*: as sold. A
command carries a generation that only grows, so a network (and we) can tell an old wish from a newer one.
"""

from dataclasses import dataclass
from typing import Literal

from core.outcome import Done, NotReached, Refusal, Unknown

Level = Literal["none", "soft", "hard"]
LEVELS: tuple[Level, ...] = ("none", "soft", "hard")
LIVE = ("sent", "unknown")
"""States of a command that may still change the network."""


@dataclass(frozen=True, slots=True)
class Command:
    """One wish to the network. `key` is ours, for ever: the network is asked about it and does it once."""

    key: str
    service_id: int
    login: str
    """How the network knows the line; the service's id where nobody gave it a name."""
    level: Level
    kbps: int | None
    """With `soft`: what the line still carries."""
    generation: int


@dataclass(frozen=True, slots=True)
class Applied(Done):
    """The network has done it (now, or when it was told before)."""

    ref: str | None = None


Answer = Applied | Refusal | NotReached | Unknown
