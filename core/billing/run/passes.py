"""The bill run, as its callers know it: build, finalise, close, and a preview that writes nothing.

Each pass works in partitions, each partition is one transaction, and the cursor is the state of the cycles; so any of these may
be killed anywhere and called again.
"""

from dataclasses import dataclass
from datetime import date

from core.billing.model import Bill, Parked, RunReport
from core.billing.run import run_row
from core.billing.run.close import close_all, report
from core.billing.run.draft import PARTITION, Progress, build_all, preview_all
from core.billing.run.engines import LOCAL, Engine
from core.billing.run.finalise import finalise_all
from core.billing.run.preview import bills_of, parked_of
from core.billing.run.rate_partition import Free
from core.billing.run.sources import Sources
from core.context import App

__all__ = ["build", "close", "finalise", "foresee"]


def ours() -> Sources:
    """The house's own tariffs and meters."""
    from core.billing.run.own_sources import HouseSources

    return HouseSources()


async def build(
    app: App,
    on: date,
    *,
    free_units: Free | None = None,
    progress: Progress | None = None,
    partition: int = PARTITION,
    sources: Sources | None = None,
    engine: Engine = LOCAL,
) -> RunReport:
    """Draft every bill that is due on or before `on`. `free_units`: account id -> micro-kWh that points bought."""
    result = await build_all(
        app, sources or ours(), on, free_units=free_units, progress=progress, size=partition, engine=engine
    )
    await run_row.set_state(app, await run_row.run_of(app, on), run_row.BUILT)
    async with app.db.reading() as conn:
        return await report(conn, app, on, built=result)


async def finalise(
    app: App,
    on: date,
    *,
    progress: Progress | None = None,
    partition: int = PARTITION,
) -> RunReport:
    """Make every draft that closed on or before `on` final; what follows is carried out in the transaction of each partition."""
    result = await finalise_all(app, on, progress=progress, size=partition)
    async with app.db.reading() as conn:
        return await report(conn, app, on, finalised=result)


async def close(app: App, on: date) -> RunReport:
    """Prove the run and close it; with `problems` it stays open."""
    problems = await close_all(app, on)
    async with app.db.reading() as conn:
        return await report(conn, app, on, problems=problems)


@dataclass(frozen=True, slots=True)
class BillPreview:
    """What a build would make, and whom it would park."""

    bills: list[Bill]
    parked: list[Parked]


async def foresee(
    app: App,
    on: date,
    *,
    free_units: Free | None = None,
    partition: int = PARTITION,
    sources: Sources | None = None,
) -> BillPreview:
    """What a build of `on` would make now, each account's next bill and those that wait; who would be parked, and why. Writes nothing."""
    match = BillPreview([], [])
    async for drafts in preview_all(app, sources or ours(), on, free_units=free_units, size=partition):
        match.bills.extend(bills_of(app, drafts, on))
        match.parked.extend(parked_of(drafts))
    return match
