"""A bill run in a process of its own, for the kill tests (tests/faults/nursery.py)."""

from datetime import UTC, date, datetime
from typing import Any

from core.billing.run.passes import build, close, finalise
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import House
from core.db.engine import Database
from tests.core.billing.world import Fake

PARTITION = 3


def house_of(url: str) -> House:
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
    )
    return House(Database(url), SetClock(datetime(2026, 3, 10, 9, 0, tzinfo=UTC)), operator, Settings())


async def run(house: House, on: date) -> None:
    sources = Fake()
    await build(house, on, sources=sources, partition=PARTITION)
    await finalise(house, on, partition=PARTITION)
    await close(house, on)


async def live(said: dict[str, Any]) -> None:
    """One run: `{"db": ..., "on": a day}`."""
    house = house_of(said["db"])
    await run(house, date.fromisoformat(said["on"]))
    await house.db.close()
