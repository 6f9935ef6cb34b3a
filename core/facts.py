"""What happened, as values: a room says it, and whoever owns the transaction carries out what follows (`core/journeys/follow.py`).

A use case returns its facts instead of calling forward, so payments know no journey and a bill run knows no notice. The edge or job
that opened the transaction hands them to `App.happened`, which carries them out before the commit: neither a crash nor a repeat can
part a fact from what follows from it. Each room names its facts in its own `facts.py`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from core.context import Context


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, by the ids of what it happened to."""


Facts = tuple[Fact, ...]
"""What a use case returns; tests/house holds that nobody drops it."""

Follow = Callable[[AsyncConnection, "Context", Sequence[Fact]], Awaitable[None]]
"""Carries out what follows from facts, inside the transaction in which they happened."""

NONE: Facts = ()
