"""What came in, for whoever watches over it: sources, files, rejects with their reasons, and records by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.metering import tables as t

LAST = 50


@dataclass(frozen=True, slots=True)
class Daily:
    """Records that came on a day: taken (accepted, duplicates, revisions, recycled, filtered) and still rejected."""

    on: date
    taken: int
    rejected: int


async def sources(conn: AsyncConnection) -> Sequence[Row[*tuple[Any, ...]]]:
    """source, files, rows, rejected, last (instant), problems: of every source that ever sent anything."""
    f = t.usage_file.c
    sums = (
        func.count().label("files"),
        func.sum(f.rows).label("rows"),
        func.sum(f.rejected).label("rejected"),
        func.max(f.received_at).label("last"),
        func.count(f.problem).label("problems"),
    )
    return (await conn.execute(select(f.source, *sums).group_by(f.source).order_by(f.source))).all()


async def files(
    conn: AsyncConnection, *, source: str | None = None, limit: int = LAST
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The last files, the newest first."""
    f = t.usage_file.c
    some = select(t.usage_file).order_by(f.received_at.desc(), f.id.desc()).limit(limit)
    return (await conn.execute(some if source is None else some.where(f.source == source))).all()


async def refused(conn: AsyncConnection, limit: int = LAST) -> Sequence[Row[*tuple[Any, ...]]]:
    """Files that could not be read at all: source, name, problem, at."""
    f = t.usage_fetch.c
    some = select(f.source, f.name, f.problem, f.at).where(f.problem.is_not(None)).order_by(f.at.desc())
    return (await conn.execute(some.limit(limit))).all()


async def reasons(
    conn: AsyncConnection, file_id: int | None = None, limit: int = LAST
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Why records are rejected: reason, records, file_id and row of the first; the most frequent first."""
    r = t.usage_reject.c
    count = func.sum(r.intervals).label("records")
    some = select(r.reason, count, func.min(r.file_id).label("file_id"), func.min(r.row).label("row"))
    some = some.where(r.recycled_at.is_(None)).group_by(r.reason).order_by(count.desc(), r.reason).limit(limit)
    return (await conn.execute(some if file_id is None else some.where(r.file_id == file_id))).all()


async def rejects(conn: AsyncConnection, file_id: int, limit: int = LAST) -> Sequence[Row[*tuple[Any, ...]]]:
    """The first open rejects of a file: row, line, reason, intervals."""
    r = t.usage_reject.c
    some = select(r.row, r.line, r.reason, r.intervals).where(r.file_id == file_id, r.recycled_at.is_(None))
    return (await conn.execute(some.order_by(r.row).limit(limit))).all()


async def by_day(conn: AsyncConnection, context: Context, days: int = 30) -> list[Daily]:
    """The last days, each with what came on it."""
    f, today = t.usage_file.c, context.today()
    first = today - timedelta(days=days - 1)
    since = start_of(first, context.zone)
    rows = await conn.execute(select(f.received_at, f.rows, f.rejected).where(f.received_at >= since))
    taken: dict[date, int] = {}
    bad: dict[date, int] = {}
    for at, records, rejected in rows:
        on = _local(at, context)
        taken[on] = taken.get(on, 0) + records - rejected
        bad[on] = bad.get(on, 0) + rejected
    each = (first + timedelta(days=at) for at in range(days))
    return [Daily(on, taken.get(on, 0), bad.get(on, 0)) for on in each]


def _local(at: datetime, context: Context) -> date:
    return at.astimezone(context.zone).date()


async def file(conn: AsyncConnection, file_id: int) -> Row[*tuple[Any, ...]] | None:
    """One file."""
    return (await conn.execute(select(t.usage_file).where(t.usage_file.c.id == file_id))).first()


async def totals(conn: AsyncConnection, file_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The control totals of a file of events: use, day, records, quantity_micro."""
    e = t.event_total.c
    some = select(e.use, e.day, e.records, e.quantity_micro).where(e.file_id == file_id)
    return (await conn.execute(some.order_by(e.use, e.day).limit(200))).all()
