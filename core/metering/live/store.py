"""Periods in which a service pays by the use: the rows, and the SQL that changes them. Whoever changes a period has locked its service."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import update_many
from core.db.engine import AnyRow, insert
from core.db.in_list import in_list
from core.metering.live import tables as t
from core.parties.tables import service

RUNNING, CLOSED, BILLED = "open", "closed", "billed"


@dataclass(frozen=True, slots=True)
class LivePeriod:
    """A period as it stands; money in minor units."""

    id: int
    service_id: int
    from_date: date
    closes_on: date
    state: str
    charged_minor: int
    owed_minor: int


PERIOD = [t.live_period.c[name] for name in LivePeriod.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class StoredUse:
    """A use, or the part of one that no bundle covered. `at` is its true second since 1970."""

    use: str
    unit: str
    at: int
    quantity_micro: int
    destination: str | None = None
    value_minor: int | None = None


USE = [t.live_use.c[name] for name in StoredUse.__dataclass_fields__]


async def opened(
    conn: AsyncConnection, context: Context, service_id: int, from_: date, closes_on: date, state: str = RUNNING
) -> LivePeriod:
    """The period of a service that begins so; where there is none a new one in this state."""
    row = {
        "id": context.ids.take(),
        "service_id": service_id,
        "from_date": from_,
        "closes_on": closes_on,
        "state": state,
        "charged_minor": 0,
        "owed_minor": 0,
    }
    new = insert(conn, t.live_period).values(row)
    await conn.execute(new.on_conflict_do_nothing(index_elements=["service_id", "from_date"]))
    p = t.live_period.c
    mine = select(*PERIOD).where(p.service_id == service_id, p.from_date == from_).with_for_update()
    return LivePeriod(*(await conn.execute(mine)).one())


async def add_use(conn: AsyncConnection, context: Context, period: LivePeriod, used: StoredUse) -> None:
    """One more use of the period."""
    columns = {name: getattr(used, name) for name in StoredUse.__dataclass_fields__}
    await conn.execute(insert(conn, t.live_use).values(period_id=period.id, id=context.ids.take(), **columns))


async def uses_of(conn: AsyncConnection, period_id: int) -> list[StoredUse]:
    """All uses of a period, in the order they came."""
    u = t.live_use.c
    rows = await conn.execute(select(*USE).where(u.period_id == period_id).order_by(u.id))
    return [StoredUse(*row) for row in rows]


async def earlier(
    conn: AsyncConnection, service_id: int, before: date, periods: int
) -> list[Mapping[tuple[str, str], int]]:
    """Micro-units of each (use, unit) in the service's last periods before this one, the latest last."""
    p, u = t.live_period.c, t.live_use.c
    last = select(p.id).where(p.service_id == service_id, p.from_date < before).order_by(p.from_date.desc())
    ids = list((await conn.execute(last.limit(periods))).scalars())
    sums = select(u.period_id, u.use, u.unit, func.sum(u.quantity_micro)).where(in_list(conn, u.period_id, ids))
    match: dict[int, dict[tuple[str, str], int]] = {one: {} for one in reversed(ids)}
    for period_id, use, unit, micro in await conn.execute(sums.group_by(u.period_id, u.use, u.unit)):
        match[period_id][use, unit] = int(micro)
    return list(match.values())


async def keep(conn: AsyncConnection, period: LivePeriod) -> None:
    """Write what changed of a period."""
    names = ("state", "charged_minor", "owed_minor")
    changed = update(t.live_period).where(t.live_period.c.id == period.id)
    await conn.execute(changed.values({name: getattr(period, name) for name in names}))


async def bill(conn: AsyncConnection, period_ids: Sequence[int]) -> None:
    """A bill has these periods now."""
    await update_many(conn, t.live_period, ("id",), ("state",), [(BILLED, period_id) for period_id in period_ids])


async def periods_of(conn: AsyncConnection, service_ids: Sequence[int], from_: date, to: date) -> list[LivePeriod]:
    """The periods of these services that begin in [from_, to)."""
    p = t.live_period.c
    here = in_list(conn, p.service_id, service_ids) & (p.from_date >= from_) & (p.from_date < to)
    return [LivePeriod(*row) for row in await conn.execute(select(*PERIOD).where(here).order_by(p.id))]


async def uses_in(conn: AsyncConnection, period_ids: Collection[int]) -> list[tuple[int, StoredUse]]:
    """(period, use) of all of these periods."""
    u = t.live_use.c
    rows = await conn.execute(select(u.period_id, *USE).where(in_list(conn, u.period_id, period_ids)).order_by(u.id))
    return [(row[0], StoredUse(*row[1:])) for row in rows]


async def paid_by(conn: AsyncConnection, period_id: int) -> dict[int, int]:
    """Bucket -> what it paid of the period, less what came back."""
    p = t.live_paid.c
    rows = await conn.execute(select(p.bucket_id, p.minor).where(p.period_id == period_id))
    return {row.bucket_id: row.minor for row in rows}


async def pay(conn: AsyncConnection, period_id: int, changes: Mapping[int, int]) -> None:
    """Buckets paid so much more (or got so much back)."""
    p = t.live_paid.c
    rows = [{"period_id": period_id, "bucket_id": one, "minor": minor} for one, minor in sorted(changes.items())]
    if rows:
        new = insert(conn, t.live_paid)
        more = new.on_conflict_do_update(
            index_elements=["period_id", "bucket_id"], set_={"minor": p.minor + new.excluded.minor}
        )
        await conn.execute(more, rows)


async def due(conn: AsyncConnection, on: date, limit: int, after: int = 0) -> Sequence[AnyRow]:
    """Periods of prepaid services that are over by that day and still open: id, service_id."""
    p = t.live_period.c
    over = select(p.id, p.service_id).join_from(t.live_period, service, service.c.id == p.service_id)
    over = over.where(p.state == RUNNING, p.closes_on <= on, p.id > after, service.c.payment_mode == "prepaid")
    return (await conn.execute(over.order_by(p.id).limit(limit))).all()


async def period(conn: AsyncConnection, period_id: int) -> LivePeriod:
    """A period, locked."""
    mine = select(*PERIOD).where(t.live_period.c.id == period_id).with_for_update()
    return LivePeriod(*(await conn.execute(mine)).one())


async def owed_of(conn: AsyncConnection, account_ids: Collection[int]) -> dict[int, int]:
    """Account -> minor units that fell due and its purse did not have; those that owe nothing are left out."""
    p = t.live_period.c
    rows = select(service.c.account_id, func.sum(p.owed_minor)).join_from(service, t.live_period)
    rows = rows.where(in_list(conn, service.c.account_id, account_ids), p.owed_minor > 0)
    return {row[0]: int(row[1]) for row in await conn.execute(rows.group_by(service.c.account_id))}
