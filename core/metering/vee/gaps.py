"""What is not there: days on which meters lack readings (or have too many), and numbers that a source left out.

A day has as many intervals as it has minutes: 46 or 50 half-hours when the clocks change, and such days are named, because a
head-end that does not know them sends 48.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.metering import tables as t
from core.metering.dst_calendar import minutes_of


@dataclass(frozen=True, slots=True)
class Gap:
    """A day of a meter's register that has not as many readings as it has intervals."""

    serial: str
    register: str
    day: date
    readings: int
    expected: int
    hours: int


@dataclass(frozen=True, slots=True)
class MissingDays:
    """Numbers from `first` to `last` that a source did not send."""

    source: str
    first: int
    last: int


async def gaps(conn: AsyncConnection, context: Context, from_: date, to: date, limit: int = 1_000) -> list[Gap]:
    """Days in [from_, to) with too few or too many readings, of meters that were there then; at most `limit`."""
    m, d = t.meter.c, t.usage_day.c
    rows = await conn.execute(
        select(m.id, m.serial, m.interval_minutes, m.installed_on, m.removed_on)
        .where(m.kind == "interval", m.service_id.is_not(None), m.installed_on < to)
        .order_by(m.serial)
    )
    meters = rows.all()
    counted: dict[tuple[int, str], dict[date, int]] = {}
    days = select(d.meter_id, d.register, d.day, d.readings).where(d.day >= from_, d.day < to)
    for meter_id, register, day, readings in await conn.execute(days):
        counted.setdefault((meter_id, register), {})[day] = readings
    registers: dict[int, list[str]] = {}
    for meter_id, register in sorted(counted):
        registers.setdefault(meter_id, []).append(register)
    found: list[Gap] = []
    for row in meters:
        first, last = max(from_, row.installed_on), min(to, row.removed_on or to)
        for register in registers.get(row.id, [""]):
            known = counted.get((row.id, register), {})
            for day in _days(first, last):
                minutes = minutes_of(day, context.zone)
                expected = minutes // (row.interval_minutes or 30)
                if known.get(day, 0) != expected:
                    found.append(Gap(row.serial, register, day, known.get(day, 0), expected, minutes // 60))
                    if len(found) == limit:
                        return found
    return found


def odd_days(context: Context, from_: date, to: date) -> list[tuple[date, int]]:
    """The days of [from_, to) that have not 24 hours, and how many they have."""
    hours = [(day, minutes_of(day, context.zone) // 60) for day in _days(from_, to)]
    return [(day, count) for day, count in hours if count != 24]


async def missing_files(conn: AsyncConnection, limit: int = 100) -> list[MissingDays]:
    """Numbers between a source's first and last that no file of it has."""
    f = t.usage_file.c
    before = func.lag(f.sequence).over(partition_by=f.source, order_by=f.sequence).label("before")
    numbers = select(f.source, f.sequence, before).where(f.sequence.is_not(None)).distinct().subquery()
    n = numbers.c
    rows = await conn.execute(
        select(n.source, n.before, n.sequence)
        .where(n.sequence > n.before + 1)
        .order_by(n.source, n.sequence)
        .limit(limit)
    )
    return [MissingDays(source, first + 1, last - 1) for source, first, last in rows]


def _days(first: date, end: date) -> Iterable[date]:
    return (first + timedelta(days=at) for at in range((end - first).days))


def told(missing: Sequence[MissingDays]) -> list[str]:
    """Each as a sentence."""
    return [
        f"{one.source}: number {one.first} is missing"
        if one.first == one.last
        else f"{one.source}: numbers {one.first} to {one.last} are missing"
        for one in missing
    ]
