"""What providers call us with, as values that can be doubled, delayed up to seven days and shuffled: a seeded week of a house.

A call knows the instant at which it happened and says how it is made. `in_order` brings every call when it happened; `shuffled`
brings each up to three times, each time up to seven days late. (docs: reliability R5)
"""

import os
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.clock import SetClock

SEED = int(os.environ.get("HODI_SEED", "20261122"))
LATEST = timedelta(days=7)

Bring = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that happened, and how we are told of it (the status we answer)."""

    at: datetime
    bring: Bring
    ours: bool = False
    """Something that we do ourselves: perhaps late, but once."""


def in_order(calls: Sequence[Call]) -> list[Call]:
    """Each once, when it happened."""
    return sorted(calls, key=lambda call: call.at)


def shuffled(calls: Sequence[Call], dice: random.Random) -> list[Call]:
    """Each up to three times, some at once and some days late, so that everything overtakes everything."""
    late = [
        Call(call.at + dice.choice((timedelta(), LATEST * dice.random())), call.bring)
        for call in calls
        for _ in range(1 if call.ours else dice.choice((1, 2, 2, 3)))
    ]
    return sorted(late, key=lambda call: call.at)


async def brought(calls: Sequence[Call], clock: SetClock, until: datetime) -> None:
    """Bring them one after the other; then it is `until`."""
    for number, call in enumerate(calls):
        clock.forward(max(timedelta(), call.at - clock.now()))
        status = await call.bring()
        assert status == 200, f"seed {SEED}, call {number}: answered {status}"
    clock.forward(until - clock.now())
