"""A gateway of its own process, for the kill tests (tests/faults/nursery.py)."""

import asyncio
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from tests.gateway.talking import serve


def the_house(url: str) -> App:
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        default_tariff="kplc-domestic-ordinary",
    )
    settings = Settings.model_validate(
        {"secret_key": "test-secret-key-of-more-than-32-letters", "hook_secret": "test-hook-secret"}
    )
    return App(SystemClock(), operator, Database(url), settings, follow)


async def live(said: dict[str, Any]) -> None:
    """Serve until killed: `{"db": ..., "folder": of its sessions, "port": ...}`."""
    async with serve(the_house(said["db"]), Path(said["folder"]), said["port"]):
        await asyncio.Event().wait()
