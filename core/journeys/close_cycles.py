"""Closes the cycles due on a date: draft the bills, make them final, let follow what follows, prove the run. `hodi bill`, the daily job.

Months that were parked before are taken up first. Each step may be killed anywhere and is simply called again: what is done is not done twice, and what is missing is done.
"""

from dataclasses import replace
from datetime import date, datetime

from core.billing.model import RunReport
from core.billing.run import engines
from core.billing.run.draft import PARTITION, Progress
from core.billing.run.passes import build, close, finalise
from core.billing.run.sources import Sources
from core.billing.run.store import unpark
from core.context import App
from core.rewards import units


async def close_cycles(
    app: App,
    on: date,
    *,
    progress: Progress | None = None,
    engine: str | None = None,
    partition: int = PARTITION,
    sources: Sources | None = None,
    tried_before: datetime | None = None,
) -> RunReport:
    """Close everything due on or before `on`, also what waits from earlier. The report's `problems` are empty when the run is closed.

    Parked months are tried once more: what was missing may have come. `tried_before`: only those that were last tried by then.

    `progress` is told how many cycles of how many are drafted, then how many bills of how many are final. `engine` says where
    they are reckoned (`core/billing/run/engines.py`); None: as HODI_BILL_ENGINE says.
    """
    async with app.db.reading() as conn:
        free = await units.free_units(conn)
    async with app.db.writing() as conn:
        await unpark(conn, on, tried_before)
    rules = app.settings
    async with engines.opened(engine or rules.bill_engine, rules.dask_scheduler) as where:
        built = await build(
            app, on, free_units=free, progress=progress, partition=partition, sources=sources, engine=where
        )
    final = await finalise(app, on, progress=progress, partition=partition)
    closed = await close(app, on)
    return replace(closed, built=built.built, finalised=final.finalised)
