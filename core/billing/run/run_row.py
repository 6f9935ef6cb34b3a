"""The row of `bill_run`: one per date, locked by whoever writes a partition of it, so that two runs of a date take turns."""

from datetime import date

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import bill_run
from core.context import App
from core.db.engine import insert

BUILDING, BUILT, FINALISING, CLOSED = "building", "built", "finalising", "closed"


async def run_of(app: App, on: date) -> int:
    """The id of the run of a date, begun if need be."""
    async with app.db.writing() as conn:
        new = {
            "id": app.ids.take(),
            "run_date": on,
            "state": BUILDING,
            "accounts": 0,
            "parked": 0,
            "total_minor": 0,
            "started_at": app.clock.now(),
        }
        await conn.execute(insert(conn, bill_run).values(new).on_conflict_do_nothing(index_elements=["run_date"]))
        return int((await conn.execute(select(bill_run.c.id).where(bill_run.c.run_date == on))).scalar_one())


async def lock(conn: AsyncConnection, run_id: int, state: str) -> None:
    """Hold the run until the transaction ends; it is in `state` from now on."""
    await conn.execute(update(bill_run).where(bill_run.c.id == run_id).values(state=state, closed_at=None))


async def set_state(app: App, run_id: int, state: str) -> None:
    """Say where the run stands."""
    async with app.db.writing() as conn:
        await lock(conn, run_id, state)


async def unclosed(conn: AsyncConnection, on: date) -> list[tuple[int, date]]:
    """Runs of `on` or before that are not closed, earliest first."""
    query = select(bill_run.c.id, bill_run.c.run_date).where(bill_run.c.run_date <= on, bill_run.c.state != CLOSED)
    return [(row.id, row.run_date) for row in await conn.execute(query.order_by(bill_run.c.run_date))]
