"""When it was used: the intervals (or days) of a period as events on the operator's clock.

A tariff by time of use or demand is rated on the intervals themselves, one that changes within the period on days. All of a
period's events together are exactly what `measure` says was used. Instants are local seconds, as `core/rating` counts them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.db.in_list import in_list
from core.metering.consumption.installations import MeasuringChannel
from core.metering.consumption.intervals import Stream
from core.metering.consumption.registers import Register
from core.metering.dst_calendar import DAY, minutes_of
from core.metering.tables import usage_day
from core.metering.vee.estimate import Column
from core.rating.model import Events
from core.rating.times import DAY_MINUTES, DAY_SECONDS, EPOCH


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely a tariff tells times apart: `longest` minutes an interval may have, `exactly` where a demand fixes them.

    `measured`: the time of use itself has a price, so that spreading a register over its days would be a guess.
    """

    longest: int = DAY_MINUTES
    exactly: int | None = None
    measured: bool = False

    @property
    def by_day(self) -> bool:
        """Whether days suffice, from whatever meter."""
        return not self.measured

    def fits(self, channel: MeasuringChannel) -> bool:
        """Whether the meter tells times apart as finely as that."""
        if self.by_day:
            return True
        whole = channel.kind == "interval" and channel.minutes > 0 and self.longest % channel.minutes == 0
        return whole and self.exactly in (None, channel.minutes)


@dataclass(frozen=True, slots=True)
class Run:
    """The events of one stream, in order of time."""

    index: int
    code: str
    at: Column
    quantity: Column


def of_dials(dials: Sequence[Register]) -> list[Run]:
    """Registers day by day, along their curves."""
    return [_days_of(dial) for dial in dials if dial.curve is not None and dial.expected]


def _days_of(dial: Register) -> Run:
    channel, curve = dial.channel, dial.curve
    days = range(channel.begin.toordinal(), channel.end.toordinal() + 1)
    counted = np.array([curve.at(day) if curve else 0 for day in days], dtype=np.int64)
    at = (np.array(days[:-1], dtype=np.int64) - EPOCH.toordinal()) * DAY_SECONDS
    return Run(channel.index, channel.code_of(dial.register), at, np.diff(counted))


async def of_streams(conn: AsyncConnection, zone: ZoneInfo, streams: Sequence[Stream]) -> list[Run]:
    """Intervals where a stream has kept them, else its days."""
    kept = [stream for stream in streams if stream.slots is not None]
    found = [_intervals_of(stream, zone) for stream in kept]
    whole = [stream for stream in streams if stream.slots is None]
    return found + (await _daily(conn, whole) if whole else [])


def _intervals_of(stream: Stream, zone: ZoneInfo) -> Run:
    channel = stream.channel
    at = _seconds(channel.begin, channel.end, channel.minutes, zone)
    quantity = np.zeros(0, dtype=np.int64) if stream.slots is None else stream.slots
    return Run(channel.index, channel.code_of(stream.register), at, quantity)


@lru_cache(maxsize=256)
def _seconds(begin: date, end: date, minutes: int, zone: ZoneInfo) -> Column:
    """The local second at which each interval of the days [begin, end) starts; a day of 25 hours tells one hour twice."""
    parts = [np.zeros(0, dtype=np.int64)]
    for offset in range((end - begin).days):
        day = begin + timedelta(days=offset)
        midnight = (day - EPOCH).days * DAY_SECONDS
        length = minutes_of(day, zone)
        passed = np.arange(length // minutes, dtype=np.int64) * minutes * 60
        if length == DAY_MINUTES:
            parts.append(midnight + passed)
        else:
            parts.append(midnight + np.array([_shown(day, int(second), zone) for second in passed], dtype=np.int64))
    return np.concatenate(parts)


def _shown(day: date, passed: int, zone: ZoneInfo) -> int:
    """What the clock shows so many seconds into a day on which it is changed, as seconds since its midnight."""
    local = (start_of(day, zone) + timedelta(seconds=passed)).astimezone(zone)
    return (local.date() - day).days * DAY_SECONDS + local.hour * 3600 + local.minute * 60 + local.second


async def _daily(conn: AsyncConnection, streams: Sequence[Stream]) -> list[Run]:
    """The days of streams without gaps."""
    d = usage_day.c
    by_key = {(stream.channel.meter_id, stream.register): stream.channel for stream in streams}
    begin = min(stream.channel.begin for stream in streams)
    end = max(stream.channel.end for stream in streams)
    rows = await conn.execute(
        select(d.meter_id, d.register, d.day, d.quantity_micro)
        .where(in_list(conn, d.meter_id, {meter_id for meter_id, _ in by_key}), d.day >= begin, d.day < end)
        .order_by(d.meter_id, d.register, d.day)
    )
    days: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for meter_id, register, day, quantity in rows:
        channel = by_key.get((meter_id, register))
        if channel is not None and channel.begin <= day < channel.end:
            days[meter_id, register].append(((day - EPOCH).days * DAY_SECONDS, quantity))
    return [
        Run(by_key[key].index, by_key[key].code_of(key[1]), *np.array(of_key, dtype=np.int64).T)
        for key, of_key in days.items()
    ]


def events(runs: Sequence[Run]) -> dict[str, Events]:
    """Per meter code the events of all services, sorted by service and then by time."""
    of_code: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        of_code[run.code].append(run)
    return {code: _joined(same) for code, same in of_code.items()}


def _joined(runs: Sequence[Run]) -> Events:
    ordered = sorted(runs, key=lambda run: run.index)
    account = np.repeat([run.index for run in ordered], [len(run.at) for run in ordered])
    at = np.concatenate([run.at for run in ordered])
    quantity = np.concatenate([run.quantity for run in ordered])
    if len({run.index for run in ordered}) < len(ordered):
        order = np.lexsort((at, account))
        account, at, quantity = account[order], at[order], quantity[order]
    return Events(account, at, quantity)


def same_clock(one: ZoneInfo, other: ZoneInfo, from_: date, to: date) -> bool:
    """Whether the clocks of two zones show the same throughout the days [from_, to)."""
    if one.key == other.key:
        return True
    starts = (start_of(from_ + offset * DAY, UTC_ZONE) for offset in range((to - from_).days + 1))
    return all(start.astimezone(one).utcoffset() == start.astimezone(other).utcoffset() for start in starts)


UTC_ZONE = ZoneInfo("UTC")
