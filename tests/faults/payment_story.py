"""The process that the kill tests kill: a gateway, a dispatcher of pushes and refunds, a poller and a collector, on a clock that hurries.

Everything it does is also done by the process that takes over from it, under the same keys.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from core.config.operator import Operator, Settings
from core.config.payments import Refunds
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys.follow import follow
from core.payments import collect, push
from core.payments import doors as payment_doors
from gateway.app_keys import APP
from gateway.hooks import payments
from gateway.hooks.spooling import open_spool
from gateway.pages import paylink
from scheduler.dispatch import Dispatcher

SPEED = 50
BEGINNING = datetime(2026, 3, 23, 9, 0, tzinfo=UTC)
LEAVING = {"push": payment_doors.push, "refund": payment_doors.refund}


@dataclass(frozen=True, slots=True)
class HurryingClock:
    """Fifty seconds a second, the same in every process that knows when it began (unix seconds)."""

    began: float

    def now(self) -> datetime:
        """The instant of the story."""
        return BEGINNING + timedelta(seconds=(time.time() - self.began) * SPEED)


def house_of(db: Database, began: float, settings: Settings) -> App:
    """The house of the story."""
    operator = Operator(
        name="Mwangaza Power",
        short_name="Mwangaza",
        country="KE",
        zone="Africa/Nairobi",
        currency="KES",
        languages=("en", "sw"),
        support_phone="+254800000000",
        refunds=Refunds(approve_above="1000000"),
    )
    return App(HurryingClock(began), operator, db, settings, follow)


async def ask(app: App, accounts: list[int]) -> None:
    """Each customer asks for a push (again, if we died since: the same key)."""
    for account_id in accounts:
        try:
            async with app.db.writing() as conn:
                await push.ask(conn, app, account_id, "+254700000001", 120_000, f"story:{account_id}")
        except Refused:
            continue


async def live(said: dict[str, Any]) -> None:
    """Work until killed: `{"db": ..., "port": ..., "began": ..., "spool": a folder, "push": [account ids]}`."""
    db = Database(said["db"])
    app = house_of(db, said["began"], Settings())
    web_app = web.Application()
    web_app[APP] = app
    web_app.add_routes([*payments.routes(), *paylink.routes()])
    runner = web.AppRunner(web_app)
    async with open_spool(web_app, Path(said["spool"])).drained():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", said["port"]).start()
        await ask(app, said["push"])
        dispatcher = Dispatcher(app, {}, LEAVING, lanes=1)
        async with asyncio.TaskGroup() as group:
            group.create_task(_again(dispatcher.drain))
            group.create_task(_again(lambda: collect.collect_due(app, app.today())))
            group.create_task(_again(lambda: payment_doors.poll(app)))


async def _again(work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await work()
        await asyncio.sleep(0.1)
