"""A bill run in a process of its own, for the kill tests (tests/faults/nursery.py)."""

from datetime import UTC, date, datetime
from typing import Any

from core.billing.run.passes import build, close, finalise
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from tests.core.billing.world import Fake

PARTITION = 3


def house_of(url: str) -> App:
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        support_phone="+254800000000",
    )
    return App(SetClock(datetime(2026, 3, 10, 9, 0, tzinfo=UTC)), operator, Database(url), Settings(), follow)


async def run(app: App, on: date) -> None:
    sources = Fake()
    await build(app, on, sources=sources, partition=PARTITION)
    await finalise(app, on, partition=PARTITION)
    await close(app, on)


async def live(said: dict[str, Any]) -> None:
    """One run: `{"db": ..., "on": a day}`."""
    app = house_of(said["db"])
    await run(app, date.fromisoformat(said["on"]))
    await app.db.close()
