"""Meters that are read now and then: what a period used, by their curves.

A period that ends after the last reading is carried on at the meter's own pace and marked. When the next reading comes, the
curve says what the period really used (`late.py` finds that out, the next bill settles it), so that all periods together come
to last minus first reading.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.metering.consumption.installations import MeasuringChannel
from core.metering.store.readings import ACCEPTED, PRECEDENCE
from core.metering.tables import reading
from core.metering.vee.estimate import AVERAGE, MEASURED
from core.metering.vee.register_interpolation import Curve


@dataclass(slots=True)
class Register:
    """One register of a channel in the period."""

    channel: MeasuringChannel
    register: str
    curve: Curve | None
    quantity: int = 0
    estimated: int = 0
    method: int = MEASURED

    @property
    def expected(self) -> int:
        """The days it is to count for."""
        return (self.channel.end - self.channel.begin).days

    @property
    def missing(self) -> int:
        """Days of them that no two readings enclose."""
        if self.curve is None:
            return self.expected
        begin, end = self.channel.begin.toordinal(), self.channel.end.toordinal()
        enclosed = min(end, self.curve.last) - max(begin, self.curve.first)
        return self.expected - max(0, enclosed)

    def count(self) -> None:
        """Fill in what the period used, estimated where readings do not reach."""
        if self.curve is None or not self.expected:
            return
        begin, end = self.channel.begin.toordinal(), self.channel.end.toordinal()
        self.quantity = self.curve.at(end) - self.curve.at(begin)
        inner_begin = min(max(begin, self.curve.first), end)
        inner_end = max(min(end, self.curve.last), inner_begin)
        self.estimated = self.quantity - (self.curve.at(inner_end) - self.curve.at(inner_begin))
        self.method = AVERAGE if self.missing else MEASURED


async def dials(conn: AsyncConnection, channels: Sequence[MeasuringChannel]) -> list[Register]:
    """The registers of these channels with their curves, counted; one without two readings has no curve."""
    by_meter = {channel.meter_id: channel for channel in channels}
    found = [
        Register(by_meter[meter_id], register, _curve(by_meter[meter_id], points))
        for (meter_id, register), points in (await _points(conn, list(by_meter))).items()
    ]
    message = {(dial.channel.meter_id, one) for dial in found for one in (dial.register, None)}
    found += [Register(channel, register, None) for channel in channels for register in channel.silent(message)]
    for dial in found:
        dial.count()
    return found


async def _points(conn: AsyncConnection, meter_ids: Sequence[int]) -> dict[tuple[int, str], dict[int, int]]:
    """Per register: day (ordinal) -> the reading that counts, the best source and its latest revision."""
    r = reading.c
    rows = await conn.execute(
        select(r.meter_id, r.register, r.read_on, r.value_micro, r.source)
        .where(in_list(conn, r.meter_id, meter_ids), r.state == ACCEPTED, r.source.in_(PRECEDENCE))
        .order_by(r.meter_id, r.register, r.read_on, r.revision)
    )
    best: dict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    rank: dict[tuple[int, str, int], int] = {}
    for meter_id, register, read_on, value, source in rows:
        day, mine = read_on.toordinal(), PRECEDENCE.index(source)
        if mine <= rank.get((meter_id, register, day), mine):
            rank[meter_id, register, day] = mine
            best[meter_id, register][day] = value
    return best


def _curve(channel: MeasuringChannel, points: dict[int, int]) -> Curve | None:
    if len(points) < 2:
        return None
    days = np.array(list(points), dtype=np.int64)
    return Curve.of(days, np.array(list(points.values()), dtype=np.int64), channel.dials, channel.multiplier_micro)
