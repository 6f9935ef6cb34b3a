"""A gateway of its own process, for the kill tests: `python -m tests.faults.turns_served DATABASE_URL SESSIONS_FOLDER PORT`."""

import asyncio
import sys
from pathlib import Path

from core.clock import SystemClock
from core.config import Operator, Settings
from core.db import Database
from core.house import House
from tests.gateway.talking import serve


def the_house(url: str) -> House:
    operator = Operator(
        name="Mwangaza Power", short_name="Mwangaza", country="KE", zone="Africa/Nairobi", currency="KES",
        languages=("en", "sw"), support_phone="+254800000000", default_tariff="kplc-domestic-ordinary",
    )  # fmt: skip
    settings = Settings.model_validate(
        {"secret_key": "test-secret-key-of-more-than-32-letters", "hook_secret": "test-hook-secret"}
    )
    return House(Database(url), SystemClock(), operator, settings)


async def main(url: str, folder: str, port: str) -> None:
    async with serve(the_house(url), Path(folder), int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
