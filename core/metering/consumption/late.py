"""Periods that were billed and whose usage is another now: a file that came late, a revision, a reading after an estimate.

Few are, and nobody says which: so first the candidates are found (estimated, incomplete, or touched by what came since), then they are
measured again by the very code that measures for a bill, and what comes out otherwise is told. An estimate that would only be
estimated otherwise is left alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.db.in_list import in_list
from core.metering.consumption.consumption import measure
from core.metering.tables import consumption, event_total, meter, reading, usage_event, usage_file, usage_total
from core.rating.times import DAY_SECONDS, EPOCH

LOOK_BACK_DAYS = 400
"""What is older than this stays as it was billed: a year, and a month to find out."""
LOADING = timedelta(hours=6)
"""No file takes longer than this to load: one that was begun shortly before a bill may have come in half."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One billed period of a service on which the usage is another now; `revision` is the next to record it under.

    `now_micro` is `was_micro` where only the tariff can tell (late calls have another unit there). `invoice_id` is the bill of the period, `corrected_on` the later bills that corrected it already.
    """

    service_id: int
    meter_code: str
    from_date: date
    to_date: date
    invoice_id: int
    corrected_on: tuple[int, ...]
    revision: int
    was_micro: int
    now_micro: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came since the instant `at`: the files that hold usage of months before `since`, of intervals and of events."""

    since: date
    at: datetime
    files: tuple[int, ...] = ()
    event_files: tuple[int, ...] = ()


async def arrivals(conn: AsyncConnection, context: Context, since: date, before: date | None = None) -> Arrivals:
    """Asked once a run: one look at the totals of each file that came since, with usage of days before `before` (None: `since`)."""
    at, until = start_of(since, context.zone) - LOADING, before or since
    intervals = await _files(conn, usage_total.c.file_id, usage_total.c.month < until, at)
    events = await _files(conn, event_total.c.file_id, event_total.c.day < until, at)
    return Arrivals(until, at, intervals, events)


async def _files(
    conn: AsyncConnection, file_id: Column[Any], early: ColumnElement[bool], at: datetime
) -> tuple[int, ...]:
    query = select(file_id).join(usage_file, usage_file.c.id == file_id).where(usage_file.c.received_at >= at, early)
    return tuple((await conn.execute(query.distinct())).scalars())


async def changed(
    conn: AsyncConnection, context: Context, service_ids: Sequence[int], to: date, came: Arrivals
) -> list[Changed]:
    """The periods of these services, billed before `to`, whose usage is another now."""
    called = await _called(conn, service_ids, came) if came.event_files else {}
    match = {*await _unsettled(conn, service_ids, to), *await _touched(conn, service_ids, to, came), *called}
    if not match:
        return []
    periods: dict[tuple[date, date], list[_Billed]] = defaultdict(list)
    for one in await _billed(conn, sorted(match), to):
        periods[one.from_date, one.to_date].append(one)
    result: list[Changed] = []
    for (from_, until), same in sorted(periods.items()):
        result += await _measured_again(conn, context, from_, until, same)
        began = range(second_of(from_), second_of(until))
        result += [
            one.changed(one.quantity) for one in same if any(at in began for at in called.get(one.service_id, ()))
        ]
    return result


async def _called(conn: AsyncConnection, service_ids: Sequence[int], came: Arrivals) -> dict[int, list[int]]:
    """When the late calls, messages and sessions of these services began; what they come to is for the tariff to say."""
    e = usage_event.c
    first = second_of(came.since - timedelta(days=LOOK_BACK_DAYS))
    rows = await conn.execute(
        select(e.service_id, e.at).where(
            in_list(conn, e.service_id, service_ids),
            e.at >= first,
            e.at < second_of(came.since),
            in_list(conn, e.file_id, came.event_files),
        )
    )
    match: dict[int, list[int]] = defaultdict(list)
    for service_id, at in rows:
        match[service_id].append(at)
    return match


def second_of(day: date) -> int:
    """The second, since 1970 on the operator's clock, at which a day begins."""
    return (day - EPOCH).days * DAY_SECONDS


def _lately(to: date) -> ColumnElement[bool]:
    c = consumption.c
    return and_(c.to_date <= to, c.to_date > to - timedelta(days=LOOK_BACK_DAYS), c.invoice_id.is_not(None))


async def _unsettled(conn: AsyncConnection, service_ids: Sequence[int], to: date) -> Sequence[int]:
    """Services with a period that stands billed by an estimate, or incomplete."""
    c, later = consumption.c, consumption.alias("later")
    superseded = select(later.c.id).where(
        later.c.service_id == c.service_id,
        later.c.meter_code == c.meter_code,
        later.c.from_date == c.from_date,
        later.c.revision > c.revision,
    )
    query = select(c.service_id).where(
        in_list(conn, c.service_id, service_ids),
        _lately(to),
        or_(c.estimated_micro > 0, c.missing > 0),
        ~superseded.exists(),
    )
    return (await conn.execute(query.distinct())).scalars().all()


async def _touched(conn: AsyncConnection, service_ids: Sequence[int], to: date, came: Arrivals) -> list[int]:
    """Services for which late files hold something, or readings came of days that were billed by then."""
    mine = in_list(conn, meter.c.service_id, service_ids)
    r, t, c = reading.c, usage_total.c, consumption.c
    last = select(func.max(c.to_date)).where(c.service_id == meter.c.service_id, c.to_date <= to).scalar_subquery()
    behind = or_(r.read_on < last, r.revision > 0)
    read = select(r.id).where(r.meter_id == meter.c.id, r.received_at >= came.at, behind)
    question = [select(meter.c.service_id).where(mine, meter.c.kind == "register", read.exists())]
    if came.files:
        held = select(t.file_id).where(
            t.meter_id == meter.c.id, in_list(conn, t.file_id, came.files), t.month < came.since
        )
        question.append(select(meter.c.service_id).where(mine, held.exists()))
    return [number for query in question for number in (await conn.execute(query)).scalars()]


@dataclass(slots=True)
class _Billed:
    """A period as it stands billed: its revisions added up."""

    service_id: int
    meter_code: str
    from_date: date
    to_date: date
    invoices: list[int]
    revision: int = 0
    quantity: int = 0
    measured: int = 0
    missing: int = 0

    def changed(self, now_micro: int) -> Changed:
        """The period with what its usage is now."""
        first, *later = self.invoices
        return Changed(
            self.service_id,
            self.meter_code,
            self.from_date,
            self.to_date,
            first,
            tuple(later),
            self.revision + 1,
            self.quantity,
            now_micro,
        )


async def _billed(conn: AsyncConnection, service_ids: Sequence[int], to: date) -> list[_Billed]:
    c = consumption.c
    rows = await conn.execute(
        select(
            c.service_id,
            c.meter_code,
            c.from_date,
            c.to_date,
            c.invoice_id,
            c.revision,
            c.quantity_micro,
            c.estimated_micro,
            c.missing,
        )
        .where(in_list(conn, c.service_id, service_ids), _lately(to))
        .order_by(c.service_id, c.meter_code, c.from_date, c.revision)
    )
    match: dict[tuple[int, str, date], _Billed] = {}
    for service_id, code, from_, until, invoice_id, revision, quantity, estimated, missing in rows:
        one = match.setdefault((service_id, code, from_), _Billed(service_id, code, from_, until, []))
        one.invoices.append(invoice_id)
        one.revision, one.quantity, one.measured, one.missing = revision, quantity, quantity - estimated, missing
    return list(match.values())


async def _measured_again(
    conn: AsyncConnection, context: Context, from_: date, to: date, billed: Sequence[_Billed]
) -> list[Changed]:
    services = sorted({one.service_id for one in billed})
    index = {service_id: at for at, service_id in enumerate(services)}
    now = await measure(conn, context, services, from_, to)
    result = []
    for one in billed:
        at = index[one.service_id]
        if at in now.parked or one.meter_code not in now.quantity_micro:
            continue
        quantity = int(now.quantity_micro[one.meter_code][at])
        measured = quantity - int(now.estimated_micro[one.meter_code][at])
        if (measured, int(now.missing[one.meter_code][at])) != (one.measured, one.missing):
            result.append(one.changed(quantity))
    return result
