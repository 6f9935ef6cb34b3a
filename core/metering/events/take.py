"""Keeps a batch of events in the open transaction: what is new is counted in, what was there already is a duplicate."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import insert
from core.db.in_list import in_list
from core.errors import BadInput
from core.metering import tables as t
from core.metering.events.dedupe import (
    AT,
    DAY_SECONDS,
    DESTINATION,
    KEY,
    QUANTITY,
    ROW,
    SERVICE,
    USE,
    VALUE,
    EventLine,
    Row,
    SettledEvents,
    day_of,
    settle,
)
from core.metering.events.mapped_csv import Item
from core.metering.events.model import Call
from core.metering.model import Reject
from core.metering.store import store
from core.metering.units import MICRO
from core.text import say

COLUMNS = [column.name for column in t.usage_event.columns]


@dataclass(slots=True)
class BatchTotals:
    """What became of a batch."""

    settled: SettledEvents
    accepted: list[Row]
    otherwise: int = 0
    """How many were there already and say something else now: they are among the rejects."""

    @property
    def duplicates(self) -> int:
        """How many were there already."""
        return len(self.settled.rows) - len(self.accepted) - self.otherwise


async def take(conn: AsyncConnection, context: Context, file_id: int, cursor: int, batch: Sequence[Item]) -> int:
    """Take one batch of a file; how many records it was."""
    kept = await keep(conn, context, file_id, batch)
    settled = kept.settled
    counts = {
        "accepted": len(kept.accepted),
        "duplicates": kept.duplicates,
        "rejected": len(settled.rejects),
        "filtered": settled.filtered,
    }
    if not await store.advance(conn, file_id, cursor, settled.records, counts, settled.declared):
        raise BadInput(*store.BUSY)
    await store.put_rejects(conn, file_id, settled.rejects)
    return settled.records


async def keep(conn: AsyncConnection, context: Context, file_id: int, batch: Sequence[Item]) -> BatchTotals:
    """Settle and write; the file's own counters are the caller's."""
    lines = await lines_of(conn, {item.party for item in batch if isinstance(item, Call)})
    now = int(context.clock.now().timestamp())
    settled = await asyncio.to_thread(settle, batch, lines, file_id, now)
    new = await insert_many(conn, t.usage_event, COLUMNS, settled.rows, skip_known=True)
    accepted = settled.rows if new == len(settled.rows) else await _ours(conn, file_id, settled.rows)
    await _count(conn, file_id, accepted)
    texts = {item.row: item.line for item in batch if isinstance(item, Call)}
    wrong = await _otherwise(conn, settled.rows, accepted, texts) if len(accepted) < len(settled.rows) else []
    settled.rejects += wrong
    settled.rejects.sort(key=lambda one: one.row)
    return BatchTotals(settled, accepted, len(wrong))


async def _otherwise(
    conn: AsyncConnection, rows: Sequence[Row], accepted: Sequence[Row], texts: Mapping[int, str]
) -> list[Reject]:
    """Records that were there already under the source's own number, and say something else now."""
    new = {row[ROW] for row in accepted}
    again = [row for row in rows if row[ROW] not in new]
    e = t.usage_event.c
    times = [row[AT] for row in again]
    match = await conn.execute(
        select(e.service_id, e.at, e.key, e.use, e.quantity_micro, e.destination, e.value_minor).where(
            in_list(conn, e.service_id, {row[SERVICE] for row in again}),
            e.at.between(min(times), max(times)),
            in_list(conn, e.key, {row[KEY] for row in again}),
        )
    )
    there = {tuple(row[:3]): tuple(row[3:]) for row in match}
    wrong = []
    for row in again:
        before = there.get((row[SERVICE], row[AT], row[KEY]))
        if before is not None and before != (row[USE], row[QUANTITY], row[DESTINATION], row[VALUE]):
            was = f"{before[0]} {Decimal(before[1]) / MICRO:f} {before[2] or ''}".strip()
            wrong.append(Reject(row[ROW], texts.get(row[ROW], ""), say("en", "reject.known_otherwise", was=was)))
    return wrong


async def lines_of(conn: AsyncConnection, numbers: Collection[str]) -> dict[str, EventLine]:
    """The lines of these numbers."""
    m = t.meter.c
    rows = await conn.execute(
        select(m.serial, m.service_id, m.installed_on, m.removed_on).where(
            in_list(conn, m.serial, numbers), m.kind == "line"
        )
    )
    return {serial: EventLine(*rest) for serial, *rest in rows}


async def _ours(conn: AsyncConnection, file_id: int, rows: Sequence[Row]) -> list[Row]:
    """Those of `rows` that were written just now, not before and not by another file."""
    if not rows:
        return []
    e = t.usage_event.c
    times, numbers = [row[AT] for row in rows], [row[ROW] for row in rows]
    match = await conn.execute(
        select(e.row).where(
            in_list(conn, e.service_id, {row[SERVICE] for row in rows}),
            e.at.between(min(times), max(times)),
            e.file_id == file_id,
            e.row.between(min(numbers), max(numbers)),
        )
    )
    mine = set(match.scalars())
    return [row for row in rows if row[ROW] in mine]


async def _count(conn: AsyncConnection, file_id: int, rows: Sequence[Row]) -> None:
    """Add to the file's control totals."""
    sums: dict[tuple[str, int], list[int]] = {}
    for row in rows:
        total = sums.setdefault((row[USE], row[AT] // DAY_SECONDS), [0, 0])
        total[0] += 1
        total[1] += row[QUANTITY]
    if not sums:
        return
    new = insert(conn, t.event_total)
    kept = t.event_total.c
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=["file_id", "use", "day"],
            set_={
                "records": kept.records + new.excluded.records,
                "quantity_micro": kept.quantity_micro + new.excluded.quantity_micro,
            },
        ),
        [
            {"file_id": file_id, "use": use, "day": _day(day), "records": count, "quantity_micro": quantity}
            for (use, day), (count, quantity) in sorted(sums.items())
        ],
    )


def _day(number: int) -> date:
    return day_of(number * DAY_SECONDS)
