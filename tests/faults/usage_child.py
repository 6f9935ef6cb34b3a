"""Loads a file of events in a process of its own, for the kill tests (tests/faults/nursery.py)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.metering.store import collect
from tests.core.metering.events.world import cdr

BATCH = 10


def house_of(url: str) -> App:
    operator = Operator(
        name="Mwangaza",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
        default_tariff="home",
    )
    return App(SetClock(datetime(2026, 6, 1, tzinfo=UTC)), operator, Database(url), Settings(), follow)


async def live(said: dict[str, Any]) -> None:
    """Load it: `{"db": ..., "path": ...}`."""
    collect.BATCH = BATCH
    app = house_of(said["db"])
    await collect.load(app, cdr(app, Path(said["path"])))
    await app.db.close()
