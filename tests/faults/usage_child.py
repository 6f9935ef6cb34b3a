"""Loads a file of events in a process of its own, for the kill tests (tests/faults/nursery.py)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import House
from core.db.engine import Database
from core.metering.store import collect
from tests.core.metering.events.world import cdr

BATCH = 10


def house_of(url: str) -> House:
    operator = Operator(
        name="Mwangaza",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
        default_tariff="home",
    )
    return House(Database(url), SetClock(datetime(2026, 6, 1, tzinfo=UTC)), operator, Settings())


async def live(said: dict[str, Any]) -> None:
    """Load it: `{"db": ..., "path": ...}`."""
    collect.BATCH = BATCH
    house = house_of(said["db"])
    await collect.load(house, cdr(house, Path(said["path"])))
    await house.db.close()
