"""A bill run in a process of its own, for the kill tests: `python -m tests.faults.bill_run_child URL DAY`."""

import asyncio
import sys
from datetime import UTC, date, datetime

from core.billing.run import build, close, finalise
from core.clock import SetClock
from core.config import Operator, Settings
from core.db import Database
from core.house import House
from tests.core.billing.world import Fake

PARTITION = 3


def house_of(url: str) -> House:
    operator = Operator(
        name="Mwangaza Power", short_name="Mwangaza", country="KE", zone="Africa/Nairobi", currency="KES",
        support_phone="+254800000000",
    )  # fmt: skip
    return House(Database(url), SetClock(datetime(2026, 3, 10, 9, 0, tzinfo=UTC)), operator, Settings())


async def run(house: House, on: date) -> None:
    sources = Fake()
    await build(house, on, sources=sources, partition=PARTITION)
    await finalise(house, on, partition=PARTITION)
    await close(house, on)


async def main(url: str, on: str) -> None:
    house = house_of(url)
    await run(house, date.fromisoformat(on))
    await house.db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
