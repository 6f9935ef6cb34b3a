"""The first pass of a bill run: draft invoices for every cycle that is due. Drafts move no balance and tell nobody.

The cursor is the cycle's own state, moved on in the transaction that writes its invoice: a run that dies anywhere goes on by
itself, and one that is done finds nothing to do. Dates are taken in order, so an account's periods are too.
"""

from collections.abc import AsyncIterator, Callable
from datetime import date

from core.billing.cycles import count, due_dates, unbilled_since
from core.billing.run import run_row, store
from core.billing.run.draft_columns import Drafts
from core.billing.run.engines import LOCAL, Engine
from core.billing.run.load import Partition, load
from core.billing.run.rate_partition import Free, RatingDesk, reckon
from core.billing.run.sources import Sources
from core.context import App
from core.db import failpoints
from core.metering.consumption.late import Arrivals
from core.metering.live import store as live_store

PARTITION = 10_000
"""Accounts in one transaction."""

METERS_EACH = 4
"""Ids kept ready for each bill: one a meter that is recorded."""

Progress = Callable[[int, int], None]
"""Told how many cycles are done, of how many."""


async def build_all(
    app: App,
    sources: Sources,
    on: date,
    *,
    free_units: Free | None,
    progress: Progress | None,
    size: int,
    engine: Engine = LOCAL,
) -> int:
    """Build what is due on or before `on`; how many draft invoices were made."""
    run_id = await run_row.run_of(app, on)
    free = await _still_free(app, free_units) if free_units else {}
    came = await _arrivals(app, sources, on)
    built = done = 0
    async for to_date in _dates(app, "open", on):
        async with app.db.reading() as conn:
            due = done + await count(conn, "open", on)
        while True:
            drafts = await _reckoned(app, sources, to_date, size, free, came, engine)
            if drafts is None:
                break
            built += await _save(app, sources, drafts, run_id)
            failpoints.point("billing.built")
            done += len(drafts.partition.due)
            if progress:
                progress(done, due)
    return built


async def _still_free(app: App, free_units: Free) -> dict[int, int]:
    """The free units less those that drafts which are not yet final have used up."""
    async with app.db.reading() as conn:
        spoken_for = await store.reward_units_on_drafts(conn)
    return {account_id: micro - spoken_for.get(account_id, 0) for account_id, micro in free_units.items()}


async def _dates(app: App, state: str, on: date) -> AsyncIterator[date]:
    """Closing days with cycles in `state`, earliest first, also those that open while we work."""
    last = None
    while True:
        async with app.db.reading() as conn:
            rows = [day for day in await due_dates(conn, state, on) if last is None or day > last]
        if not rows:
            return
        last = rows[0]
        yield last


async def _arrivals(app: App, sources: Sources, on: date) -> Arrivals:
    """What usage came since the bills before: those of accounts that stand parked saw none of it."""
    async with app.db.reading() as conn:
        return await sources.arrivals(conn, app, await unbilled_since(conn, on) or on)


async def _reckoned(
    app: App, sources: Sources, to_date: date, size: int, free: dict[int, int], came: Arrivals, engine: Engine
) -> Drafts | None:
    async with app.db.reading() as conn:
        partition = await load(conn, "open", to_date, size)
        if not partition.due:
            return None
        return await reckon(RatingDesk(conn, app, sources, came, engine), partition, free)


async def _save(app: App, sources: Sources, drafts: Drafts, run_id: int) -> int:
    """One transaction: invoices, lines, what was used, cycles moved on. 0 when another run was quicker."""
    partition, result = drafts.partition, len(drafts.accounts)
    first = await app.db.id_block(result + store.ids_to_open(partition))
    ids = range(first, first + result)
    await app.db.reserve_ids(METERS_EACH * result + 1_000)
    async with app.db.writing() as conn:
        await run_row.lock(conn, run_id, run_row.BUILDING)
        if not await store.still_open(conn, partition):
            return 0
        await store.save_invoices(conn, drafts, ids, run_id)
        await store.save_lines(conn, drafts, ids)
        await sources.record(conn, app, drafts.used_rows(ids))
        await live_store.bill(conn, drafts.live_periods())
        await store.move_on(conn, drafts, app.clock.now())
        await store.open_next(conn, partition, first + result)
        failpoints.point("billing.saved")
    return result


async def preview_all(
    app: App, sources: Sources, on: date, *, free_units: Free | None, size: int
) -> AsyncIterator[Drafts]:
    """What a build of `on` would make, partition by partition, of the cycles that are open now and those that wait. Writes nothing."""
    came = await _arrivals(app, sources, on)
    async with app.db.reading() as conn:
        for state in ("open", "parked"):
            for to_date in await due_dates(conn, state, on):
                after, free = 0, dict(free_units or {})
                while True:
                    partition: Partition = await load(conn, state, to_date, size, after)
                    if not partition.due:
                        break
                    after = partition.due[-1].account_id
                    yield await reckon(RatingDesk(conn, app, sources, came), partition, free)
