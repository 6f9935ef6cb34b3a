"""What a bill made now would come to: every open period up to today, reckoned by the very code that bills. Writes nothing.

Meters count up to midnight, calls and sessions up to this minute. A period whose usage is not known yet is guessed by the days of the last
bill, and said to be a guess; one that is drafted is what its draft says. Points and late usage wait for the bill itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run.draft_columns import gathered
from core.billing.run.load import Partition, load_running
from core.billing.run.own_sources import HouseSources
from core.billing.run.rate_partition import RatingDesk, rated_groups
from core.billing.run.sources import Used
from core.billing.run.value_estimate import last_bills
from core.billing.tables import cycle, invoice
from core.clock import start_of
from core.context import Context
from core.db.in_list import in_list
from core.metering.consumption.late import Arrivals
from core.metering.consumption.timed import Grain
from core.metering.vee.lifted import Lifted

DAY = timedelta(days=1)


@dataclass(slots=True)
class SoFar:
    """Minor units that no bill has yet; `guessed` where a part of it is not known."""

    minor: int = 0
    guessed: bool = False


class RunningSources(HouseSources):
    """The house's own, for a period that is under way: today's readings of meters are not in yet, today's calls are."""

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
        """What the services used up to now."""
        today = context.today()
        if from_ < today < to:
            match = await super().used(conn, context, service_ids, from_, today, grain=grain, lifted=lifted)
            if match.uses is None:
                return match
        return await super().used(conn, context, service_ids, from_, to, grain=grain, lifted=lifted)


async def so_far(conn: AsyncConnection, context: Context, account_ids: Collection[int]) -> dict[int, SoFar]:
    """Account -> what is not billed yet, by a handful of set queries for any number of accounts."""
    today = context.today()
    match = {account_id: SoFar() for account_id in account_ids}
    unknown: list[tuple[int, int]] = []
    desk = RatingDesk(conn, context, RunningSources(), Arrivals(today, start_of(today, context.zone)))
    for partition in await load_running(conn, account_ids, today + DAY):
        await _reckoned(desk, partition, match, unknown)
    mine = in_list(conn, cycle.c.account_id, account_ids)
    query = select(cycle.c.account_id, cycle.c.from_date, cycle.c.to_date).where(mine, cycle.c.state == "parked")
    unknown += [(row[0], (row[2] - row[1]).days) for row in await conn.execute(query)]
    await _drafted(conn, account_ids, match)
    await _guess(conn, unknown, match)
    return match


async def _reckoned(
    desk: RatingDesk, partition: Partition, found: Mapping[int, SoFar], unknown: list[tuple[int, int]]
) -> None:
    drafts = gathered(partition, await rated_groups(desk, partition, {}))
    for at, minor in zip(drafts.accounts.tolist(), drafts.total.tolist(), strict=True):
        found[partition.due[at].account_id].minor += max(0, minor)
    for at in partition.parked:
        due = partition.due[at]
        unknown.append((due.account_id, (partition.to_date - due.from_date).days))


async def _drafted(conn: AsyncConnection, account_ids: Collection[int], found: Mapping[int, SoFar]) -> None:
    drafts = select(invoice.c.account_id, func.sum(invoice.c.total_minor)).where(
        in_list(conn, invoice.c.account_id, account_ids), invoice.c.state == "draft"
    )
    for account_id, minor in await conn.execute(drafts.group_by(invoice.c.account_id)):
        found[account_id].minor += max(0, int(minor))


async def _guess(conn: AsyncConnection, unknown: Sequence[tuple[int, int]], found: Mapping[int, SoFar]) -> None:
    """So many days as the last bill had them; nothing where there was none."""
    if not unknown:
        return
    last = await last_bills(conn, {account_id for account_id, _ in unknown})
    for account_id, days in unknown:
        length, minor = last.get(account_id, (1, 0))
        found[account_id].minor += max(0, minor) * days // max(1, length)
        found[account_id].guessed = True
