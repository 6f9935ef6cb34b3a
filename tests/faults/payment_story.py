"""The process that the kill tests kill: a gateway, a dispatcher of pushes, a poller and a collector, on a clock that hurries.

`python -m tests.faults.payment_story '{"db": ..., "port": ..., "began": ..., "spool": a folder, "push": [account ids]}'`; everything it does is also done
by the process that takes over from it, under the same keys.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from core import outbox
from core.config import Operator, Settings
from core.db import Database
from core.errors import Refused
from core.house import House
from core.journeys import collect, payment_doors
from core.payments import push
from gateway import callbacks
from gateway.desk import HOUSE
from gateway.keeping import open_spool
from gateway.pages import paylink

SPEED = 30
BEGINNING = datetime(2026, 3, 23, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HurryingClock:
    """Half a minute a second, the same in every process that knows when it began (unix seconds)."""

    began: float

    def now(self) -> datetime:
        """The instant of the story."""
        return BEGINNING + timedelta(seconds=(time.time() - self.began) * SPEED)


def house_of(db: Database, began: float, settings: Settings) -> House:
    """The house of the story."""
    operator = Operator(
        name="Mwangaza Power", short_name="Mwangaza", country="KE", zone="Africa/Nairobi", currency="KES",
        languages=("en", "sw"), support_phone="+254800000000",
    )  # fmt: skip
    return House(db, HurryingClock(began), operator, settings)


async def ask(house: House, accounts: list[int]) -> None:
    """Each customer asks for a push (again, if we died since: the same key)."""
    for account_id in accounts:
        try:
            async with house.db.writing() as conn:
                await push.ask(conn, house, account_id, "+254700000001", 120_000, f"story:{account_id}")
        except Refused:
            continue


async def dispatch(house: House) -> None:
    """Send the pushes that are due, those of a dead process too."""
    async with house.db.writing() as conn:
        rows = await outbox.claim(conn, house.clock.now(), "story", 10, (outbox.PROMPT,))
        rows += await outbox.take_up(conn, house.clock.now(), "story")
    for row in rows:
        outcome = await payment_doors.push(house, row)
        async with house.db.writing() as conn:
            await outbox.settle(conn, house.clock.now(), [outcome])


async def live(said: dict[str, Any]) -> None:
    """Work until killed."""
    db = Database(said["db"])
    house = house_of(db, said["began"], Settings())
    app = web.Application()
    app[HOUSE] = house
    app.add_routes([*callbacks.routes(), *paylink.routes()])
    runner = web.AppRunner(app)
    async with open_spool(app, Path(said["spool"])).drained():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", said["port"]).start()
        await ask(house, said["push"])
        while True:
            await dispatch(house)
            await collect.collect_due(house, house.today())
            await payment_doors.poll(house)
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(live(json.loads(sys.argv[1])))
