"""The house's own tariffs and meters, as a run reads them (the port is in `sources.py`)."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run import live_uses
from core.billing.run.sources import Used, UsedRow
from core.catalog import queries as catalog
from core.context import Context
from core.metering.consumption import consumption, late
from core.metering.consumption.late import Arrivals, Changed
from core.metering.consumption.timed import Grain
from core.metering.events import queries as events
from core.metering.vee.lifted import Lifted
from core.rating.exact import Column
from core.rating.tariff import Tariff
from core.text import say


class HouseSources:
    """Tariff versions from the catalogue, usage from metering."""

    async def tariffs(self, conn: AsyncConnection, code: str, from_: date, to: date) -> Sequence[Tariff]:
        """The versions of a tariff in force in [from_, to), by their first day."""
        return await catalog.versions_between(conn, code, from_, to)

    async def used(
        self,
        conn: AsyncConnection,
        context: Context,
        service_ids: Sequence[int],
        from_: date,
        to: date,
        *,
        grain: Grain | None = None,
        lifted: Lifted | None = None,
    ) -> Used:
        """What the services used, gaps treated by the operator's policy; where nothing hangs on a wall, their events."""
        match = await consumption.measure(conn, context, service_ids, from_, to, grain=grain, lifted=lifted)
        parked, uses, charged = match.parked, None, None
        if not match.quantity_micro and len(parked) < len(service_ids):
            uses = await events.events(conn, service_ids, from_, to)
            charged = await live_uses.charged(conn, context, service_ids, from_, to)
            if not uses and not await events.came(conn, from_, to):
                silent = [
                    at
                    for at, service_id in enumerate(service_ids)
                    if service_id not in (lifted or ()) and (charged is None or not charged.period[at])
                ]
                parked = {**{at: say("en", "parked.no_events") for at in silent}, **parked}
        return Used(
            match.quantity_micro,
            match.estimated_micro,
            match.missing,
            match.method,
            parked,
            match.events,
            match.split,
            uses,
            charged,
        )

    async def history(
        self, conn: AsyncConnection, service_ids: Sequence[int], meter_code: str, before: date, periods: int
    ) -> tuple[Column, Column]:
        """(sum, how many) of the periods billed before."""
        return await consumption.history(conn, service_ids, meter_code, before, periods)

    async def record(self, conn: AsyncConnection, context: Context, rows: Sequence[UsedRow]) -> None:
        """Keep what was billed."""
        for revision, same in groupby(sorted(rows, key=_revision), key=_revision):
            await consumption.save(conn, context, list(same), revision=revision)

    async def arrivals(self, conn: AsyncConnection, context: Context, since: date) -> Arrivals:
        """What usage came since that day of days before it."""
        return await late.arrivals(conn, context, since)

    async def late(
        self, conn: AsyncConnection, context: Context, service_ids: Sequence[int], to: date, came: Arrivals
    ) -> Sequence[Changed]:
        """The periods whose usage is another now."""
        return await late.changed(conn, context, service_ids, to, came)


_revision = attrgetter("revision")
