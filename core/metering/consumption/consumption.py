"""What services used in a period, and what they were billed for: the joint between meters and bills.

`measure` answers for thousands of services by a handful of set queries. A period with gaps is estimated and marked, or parked
with its reason, as the operator's `billing` says; it is never billed as if nothing was missing.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.config.operator import Billing
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.metering.consumption import intervals, registers, timed
from core.metering.consumption.installations import MeasuringChannel, codes_of, wall
from core.metering.consumption.measured import Consumed, Measured, Tally, gathered
from core.metering.consumption.timed import Grain
from core.metering.store.readings import WAITING
from core.metering.tables import consumption, reading
from core.metering.vee.estimate import Column
from core.metering.vee.lifted import Lifted, put
from core.metering.vee.lifted import runs as spread
from core.text import say

__all__ = ["Consumed", "Grain", "Measured", "history", "measure", "save"]

COLUMNS = [
    "id", "service_id", "meter_code", "from_date", "to_date", "revision", "quantity_micro", "estimated_micro", "missing", "method",
    "invoice_id",
]  # fmt: skip

Part = intervals.Stream | registers.Register


async def measure(
    conn: AsyncConnection,
    context: Context,
    service_ids: Sequence[int],
    from_: date,
    to: date,
    *,
    grain: Grain | None = None,
    lifted: Lifted | None = None,
) -> Measured:
    """Usage of the services in [from_, to), latest revisions, gaps treated by the operator's policy.

    With `grain` also when it was used: single intervals stay in memory, so ask for a few hundred services at a time. `lifted`: a
    person wants these billed all the same, by whatever is there, and where too little is by what they said.
    """
    hung = await wall(conn, service_ids, from_, to)
    free = {at for at, service_id in enumerate(service_ids) if service_id in (lifted or ())}
    silent = {at: say("en", "parked.no_meter") for at in hung.bare}
    streams = await intervals.streams(
        conn, context.zone, [channel for channel in hung.channels if channel.kind == "interval"], from_, to
    )
    by_hand = [channel for channel in hung.channels if channel.kind != "interval"]
    dials = await registers.dials(conn, by_hand) if by_hand else []
    _park(context.operator.billing, [*streams, *dials], silent, free)
    parked = dict(silent)
    await _park_held(conn, by_hand, parked, free)
    if grain is not None:
        _park_untimed(grain, hung.channels, parked)
    good = [stream for stream in streams if stream.channel.index not in parked]
    each = grain is not None and not grain.by_day
    gaps = [stream for stream in good if stream.missing or each]
    await intervals.estimate(conn, context.zone, gaps, keep=grain is not None)
    tallies = _added_up(len(service_ids), [*streams, *dials])
    _clear(tallies, parked)
    text = put(tallies, len(service_ids), silent, service_ids, lifted, (to - from_).days) if lifted else []
    match = replace(
        gathered(service_ids, tallies, {at: why for at, why in parked.items() if at not in text}),
        split=_split(hung.channels),
    )
    if grain is None:
        return match
    runs = await timed.of_streams(conn, context.zone, good) if good else []
    runs += timed.of_dials([dial for dial in dials if dial.channel.index not in parked])
    runs += spread(text, service_ids, lifted or {}, from_, to, grain)
    return replace(match, events=timed.events(runs))


def _split(channels: Sequence[MeasuringChannel]) -> dict[int, tuple[str, ...]]:
    """What the registers of meters with several are called by a tariff."""
    match: dict[int, tuple[str, ...]] = {}
    for channel in channels:
        if channel.registers and channel.begin < channel.end:
            match[channel.index] = match.get(channel.index, ()) + codes_of(channel.code, channel.registers)
    return match


def _park(rules: Billing, parts: Sequence[Part], parked: dict[int, str], free: Collection[int]) -> None:
    """Note the services whose gaps are too wide to bill; those that are `free` only where there is nothing at all."""
    limit = Fraction(rules.park_above_missing) if rules.gaps == "estimate" else Fraction(0)
    for part in parts:
        at, missing, expected = part.channel.index, part.missing, part.expected
        if not missing or at in parked:
            continue
        if missing == expected or (isinstance(part, registers.Register) and part.curve is None):
            parked[at] = say("en", "parked.no_readings", serial=part.channel.serial)
        elif Fraction(missing, expected) > limit and at not in free:
            parked[at] = say("en", "parked.missing", serial=part.channel.serial, missing=missing, expected=expected)


def _park_untimed(grain: Grain, channels: Sequence[MeasuringChannel], parked: dict[int, str]) -> None:
    """A meter that does not tell when is not billed by the time of use."""
    for channel in channels:
        if channel.begin < channel.end and not grain.fits(channel):
            minutes = grain.exactly or grain.longest
            parked.setdefault(channel.index, say("en", "parked.no_times", serial=channel.serial, minutes=minutes))


async def _park_held(
    conn: AsyncConnection, channels: Sequence[MeasuringChannel], parked: dict[int, str], free: Collection[int]
) -> None:
    """A reading that is held stops the bill of its meter until somebody has looked at it."""
    if not channels:
        return
    by_meter = {channel.meter_id: channel for channel in channels}
    r = reading.c
    rows = await conn.execute(
        select(r.meter_id, r.read_on, r.reason)
        .where(in_list(conn, r.meter_id, list(by_meter)), r.state.in_(WAITING))
        .order_by(r.read_on.desc())
    )
    for meter_id, read_on, reason in rows:
        channel = by_meter[meter_id]
        if channel.begin < read_on <= channel.end and channel.index not in free:
            parked[channel.index] = reason


def _added_up(size: int, parts: Sequence[Part]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = defaultdict(lambda: Tally.empty(size))
    for part in parts:
        tally, at = tallies[part.channel.code_of(part.register)], part.channel.index
        tally.quantity[at] += part.quantity
        tally.estimated[at] += part.estimated
        tally.missing[at] += part.missing
        tally.expected[at] += part.expected
        tally.method[at] = max(int(tally.method[at]), part.method)
    return dict(tallies)


def _clear(tallies: dict[str, Tally], parked: dict[int, str]) -> None:
    """Nothing of a parked service may be billed by mistake."""
    for tally in tallies.values():
        for at in parked:
            tally.quantity[at] = tally.estimated[at] = 0


async def history(
    conn: AsyncConnection, service_ids: Sequence[int], meter_code: str, before: date, periods: int
) -> tuple[Column, Column]:
    """(sum in micro-units, how many) of up to `periods` billed periods that ended by `before`, aligned with `service_ids`."""
    c = consumption.c
    newest = func.row_number().over(partition_by=(c.service_id, c.from_date), order_by=c.revision.desc())
    latest = (
        select(c.service_id, c.from_date, c.quantity_micro, newest.label("newest"))
        .where(in_list(conn, c.service_id, service_ids), c.meter_code == meter_code, c.to_date <= before)
        .subquery()
    )
    lately = func.row_number().over(partition_by=latest.c.service_id, order_by=latest.c.from_date.desc())
    recent = select(latest, lately.label("lately")).where(latest.c.newest == 1).subquery()
    rows = await conn.execute(
        select(recent.c.service_id, func.sum(recent.c.quantity_micro), func.count())
        .where(recent.c.lately <= periods)
        .group_by(recent.c.service_id)
    )
    index = {service_id: at for at, service_id in enumerate(service_ids)}
    sums, counts = (np.zeros(len(service_ids), dtype=np.int64) for _ in range(2))
    for service_id, total, count in rows:
        sums[index[service_id]], counts[index[service_id]] = int(total), count
    return sums, counts


async def save(conn: AsyncConnection, context: Context, rows: Sequence[Consumed], *, revision: int = 0) -> int:
    """Record what was billed; a period recorded before stays as it was. How many were new. Reserve an id a row."""
    ids = context.ids.take_many(len(rows))
    values = [
        (
            at,
            row.service_id,
            row.meter_code,
            row.from_date,
            row.to_date,
            revision,
            row.quantity_micro,
            row.estimated_micro,
            row.missing,
            row.method,
            row.invoice_id,
        )
        for at, row in zip(ids, rows, strict=True)
    ]
    return await insert_many(conn, consumption, COLUMNS, values, skip_known=True)
