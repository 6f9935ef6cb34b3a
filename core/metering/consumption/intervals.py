"""Interval meters in a period: what the days say, and what the gaps are estimated at; a fixed number of questions.

`usage_day` answers for all meters at once; the single intervals are read only for meters with gaps, with four weeks before
the period to learn from and a day after it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Text, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.metering.consumption.installations import MeasuringChannel
from core.metering.dst_calendar import DAY, minutes_of
from core.metering.tables import meter, usage, usage_day
from core.metering.vee.estimate import Column, Grid, Mask, filled
from core.parties.tables import service

LEARN_DAYS = 28
LISTEN_DAYS = 3
"""A register that spoke so shortly before the period is expected to speak in it."""
GAP_METERS = 500
"""Meters whose single intervals are in memory at once."""


@dataclass(slots=True)
class Stream:
    """One register of a channel in the period: how many intervals there were of how many, and what they sum to."""

    channel: MeasuringChannel
    register: str
    expected: int
    readings: int = 0
    quantity: int = 0
    estimated: int = 0
    method: int = 0
    slots: Column | None = None
    """What each interval of the channel's days was, gaps filled: where `estimate` was asked to keep them."""

    @property
    def missing(self) -> int:
        """Intervals that were not there."""
        return max(0, self.expected - self.readings)


async def streams(
    conn: AsyncConnection, zone: ZoneInfo, channels: Sequence[MeasuringChannel], from_: date, to: date
) -> list[Stream]:
    """What the days of [from_, to) say; a channel without any has one stream, all of it missing."""
    by_meter = {channel.meter_id: channel for channel in channels}
    whole = [channel.meter_id for channel in channels if (channel.begin, channel.end) == (from_, to)]
    part = [channel.meter_id for channel in channels if (channel.begin, channel.end) != (from_, to)]
    rows = await _days(conn, whole, from_, to) if whole else []
    if part:
        rows += await _days(conn, part, from_, to, only_while_there=True)
    found = [
        Stream(by_meter[meter_id], register, _expected(by_meter[meter_id], zone), readings, quantity, estimated)
        for meter_id, register, readings, quantity, estimated in rows
    ]
    message = {(stream.channel.meter_id, one) for stream in found for one in (stream.register, None)}
    return found + [
        Stream(channel, register, _expected(channel, zone))
        for channel in channels
        for register in channel.silent(message)
    ]


async def _days(
    conn: AsyncConnection, meter_ids: Sequence[int], from_: date, to: date, *, only_while_there: bool = False
) -> list[tuple[int, str, int, int, int]]:
    """(meter, register, readings, quantity, estimated by the source) of the days of the period.

    `only_while_there` leaves out the days on which meter or service was not. A register that was heard in the days before
    the period and not in it is answered too, with nothing: it is missing.
    """
    d, m, s = usage_day.c, meter.c, service.c
    sums = (
        func.sum(case((d.day >= from_, column), else_=0))
        for column in (d.readings, d.quantity_micro, d.estimated_micro)
    )
    question = (
        select(d.meter_id, d.register, *sums)
        .where(in_list(conn, d.meter_id, meter_ids), d.day >= from_ - timedelta(days=LISTEN_DAYS), d.day < to)
        .group_by(d.meter_id, d.register)
    )
    if only_while_there:
        question = question.select_from(
            usage_day.join(meter, m.id == d.meter_id).join(service, s.id == m.service_id)
        ).where(
            d.day >= m.installed_on,
            or_(m.removed_on.is_(None), d.day < m.removed_on),
            d.day >= s.started_on,
            or_(s.ended_on.is_(None), d.day < s.ended_on),
        )
    return [(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in await conn.execute(question)]


def _expected(channel: MeasuringChannel, zone: ZoneInfo) -> int:
    return intervals(channel.begin, channel.end, channel.minutes, zone)


@lru_cache(maxsize=4096)
def intervals(begin: date, end: date, minutes: int, zone: ZoneInfo) -> int:
    """How many intervals of so many minutes the days [begin, end) have in `zone`."""
    return sum(minutes_of(day, zone) // minutes for day in _each(begin, end))


def _each(begin: date, end: date) -> Iterator[date]:
    return (begin + timedelta(days=offset) for offset in range((end - begin).days))


async def estimate(conn: AsyncConnection, zone: ZoneInfo, gaps: Sequence[Stream], *, keep: bool = False) -> None:
    """Add to each stream what its missing intervals are estimated at, and how. Each must have some reading.

    `keep` leaves the single intervals on each stream: a few hundred meters at a time, or they fill the memory.
    """
    for cut in range(0, len(gaps), GAP_METERS):
        part = gaps[cut : cut + GAP_METERS]
        around = any(stream.missing for stream in part)
        first = min(stream.channel.begin for stream in part) - timedelta(days=LEARN_DAYS if around else 0)
        end = max(stream.channel.end for stream in part) + (DAY if around else timedelta())
        singles = await _singles(conn, [stream.channel.meter_id for stream in part], first, end)
        for stream in part:
            mine = singles.get((stream.channel.meter_id, stream.register), NONE)
            slots = _estimate_one(zone, stream, mine, first, end)
            stream.slots = slots if keep else None


Singles = tuple[Column, Column, Column]
"""Days since the first, intervals of the day and quantities, superseded ones before those that count."""
_NOTHING = np.zeros(0, dtype=np.int64)
NONE: Singles = (_NOTHING, _NOTHING, _NOTHING)


async def _singles(
    conn: AsyncConnection, meter_ids: Sequence[int], first: date, end: date
) -> dict[tuple[int, str], Singles]:
    """The intervals of some meters. A day comes as one text: rows of a database cost a hundred times more than numbers."""
    u = usage.c
    packed = cast(u.at, Text) + " " + cast(u.revision, Text) + " " + cast(u.quantity_micro, Text)
    found = await conn.execute(
        select(u.meter_id, u.register, u.day, func.count(), func.aggregate_strings(packed, " "))
        .where(in_list(conn, u.meter_id, set(meter_ids)), u.day >= first, u.day < end)
        .group_by(u.meter_id, u.register, u.day)
        .order_by(u.meter_id, u.register)
    )
    days = found.all()
    if not days:
        return {}
    numbers = np.fromstring(" ".join(row[4] for row in days), dtype=np.int64, sep=" ").reshape(-1, 3)
    counts = np.array([row[3] for row in days])
    day = np.repeat([(row[2] - first).days for row in days], counts)
    edges = np.append(0, np.cumsum(counts))
    streams: dict[tuple[int, str], Singles] = {}
    low = 0
    for key, same in groupby(days, key=lambda row: (row[0], row[1])):
        high = low + sum(1 for _ in same)
        here = slice(int(edges[low]), int(edges[high]))
        at, revision, quantity = numbers[here].T
        order = np.argsort(revision, kind="stable")
        streams[key] = day[here][order], at[order], quantity[order]
        low = high
    return streams


def _estimate_one(zone: ZoneInfo, stream: Stream, singles: Singles, first: date, end: date) -> Column:
    """The intervals of the channel's days; what was missing of them is added to the stream."""
    grid = _grid(first, end, stream.channel.minutes, zone)
    quantity, known = _laid_out(grid, singles)
    wanted = np.zeros(len(quantity), dtype=np.bool_)
    begin_at, end_at = (stream.channel.begin - first).days, (stream.channel.end - first).days
    here = slice(int(grid.first[begin_at]), int(grid.first[end_at]))
    wanted[here] = True
    whole, stream.method = filled(grid, quantity, known, wanted)
    estimated = int(whole[wanted & ~known].sum())
    stream.quantity += estimated
    stream.estimated += estimated
    return whole[here]


def _laid_out(grid: Grid, singles: Singles) -> tuple[Column, Mask]:
    slots = int(grid.first[-1])
    quantity, known = np.zeros(slots, dtype=np.int64), np.zeros(slots, dtype=np.bool_)
    days, at, amounts = singles
    place = grid.first[days] + at
    quantity[place] = amounts
    known[place] = True
    return quantity, known


@lru_cache(maxsize=64)
def _grid(first: date, end: date, minutes: int, zone: ZoneInfo) -> Grid:
    days = list(_each(first, end))
    return Grid.of([day.weekday() for day in days], [minutes_of(day, zone) // minutes for day in days], minutes)
