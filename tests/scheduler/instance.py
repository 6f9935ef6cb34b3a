"""One scheduler in a process of its own, for the tests that kill it (tests/faults/nursery.py).

Its only job writes who ticked into the database, once per number, and prints nothing.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from core.clock import SystemClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database, insert
from core.journeys.follow import follow
from core.parties.tables import branch
from scheduler.app import Scheduler
from scheduler.jobs import Job


async def live(said: dict[str, Any]) -> None:
    """Lead and tick until killed: `{"db": ..., "name": ...}`."""
    db = Database(said["db"])
    operator = Operator(
        name="M", short_name="M", country="KE", zone="Africa/Nairobi", currency="KES", support_phone="+254800000000"
    )
    app = App(SystemClock(), operator, db, Settings(), follow)

    async def tick(app: App) -> int:
        async with app.db.writing() as conn:
            number = int((await conn.execute(select(func.count()).select_from(branch))).scalar_one())
            await conn.execute(insert(conn, branch).values(id=number, code=str(number), name=said["name"]))
        return 1

    await Scheduler(app, [Job("tick", timedelta(seconds=0.1), tick)]).run()
