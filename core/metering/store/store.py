"""The SQL that keeps usage: files with their cursors, intervals, days, control totals and rejects; one transaction a batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many, update_many
from core.db.engine import insert
from core.db.in_list import in_list
from core.metering import tables as t
from core.metering.consumption.installations import heard_of
from core.metering.model import FileReport, Lying, Reject, Total
from core.metering.store.dedupe import DedupedBatch, Known, MeterFacts
from core.text import say

LOADING, DONE = "loading", "done"
USAGE = ["meter_id", "register", "day", "at", "revision", "minutes", "quantity_micro", "quality", "file_id"]
REJECT = ["file_id", "row", "line", "reason", "intervals"]
COUNTERS = ("accepted", "duplicates", "revised", "rejected", "recycled", "filtered", "quantity_micro")
BUSY = ("this file", "is being loaded by somebody else.", "Wait until that is done, then ask again.")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file before it is read. `source` and `digest` make it the same file."""

    source: str
    kind: str
    name: str
    digest: str
    settings: Mapping[str, Any]
    sequence: int | None = None


async def open_file(conn: AsyncConnection, context: Context, facts: FileFacts) -> tuple[int, int, str]:
    """(id, cursor, state) of the file of this digest, entered now if it is new."""
    row = {
        "id": context.ids.take(),
        "source": facts.source,
        "kind": facts.kind,
        "name": facts.name,
        "digest": facts.digest,
        "sequence": facts.sequence,
        "rows": 0,
        "state": LOADING,
        "records": 0,
        "settings": dict(facts.settings),
        "received_at": context.clock.now(),
    } | dict.fromkeys(COUNTERS, 0)
    await conn.execute(
        insert(conn, t.usage_file).values(row).on_conflict_do_nothing(index_elements=["source", "digest"])
    )
    f = t.usage_file.c
    mine = select(f.id, f.records, f.state).where(f.source == facts.source, f.digest == facts.digest)
    match = await conn.execute(mine)
    file_id, records, state = match.one()
    return file_id, records, state


async def meters(conn: AsyncConnection, serials: Collection[str]) -> dict[str, MeterFacts]:
    """The meters of these serials, locked in one order so that two files may bring the same meter at once."""
    m = t.meter.c
    rows = await conn.execute(
        select(m.id, m.serial, m.unit, m.kind, m.interval_minutes, m.installed_on, m.removed_on, m.registers, m.heard)
        .where(in_list(conn, m.serial, serials))
        .order_by(m.id)
        .with_for_update(key_share=True)
    )
    return {row.serial: MeterFacts(*row, heard_of(row.heard)) for row in rows}


async def keep_heard(conn: AsyncConnection, meters: Iterable[MeterFacts]) -> None:
    """What the one register of a meter is called, told once in its life."""
    new = [(",".join(one.heard), one.id) for one in meters if one.heard != heard_of(one.known_as)]
    await update_many(conn, t.meter, ("id",), ("heard",), new)


async def known(conn: AsyncConnection, meter_ids: Collection[int], first: date, end: date) -> Known:
    """The latest revision of everything stored for these meters on the days [first, end)."""
    d, u = t.usage_day.c, t.usage.c
    touched = select(d.meter_id).where(in_list(conn, d.meter_id, meter_ids), d.day >= first, d.day < end).distinct()
    touched_ids = list((await conn.execute(touched)).scalars())
    match: Known = {}
    if not touched_ids:
        return match
    rows = await conn.execute(
        select(u.meter_id, u.register, u.day, u.at, u.revision, u.quantity_micro, u.quality)
        .where(in_list(conn, u.meter_id, touched_ids), u.day >= first, u.day < end)
        .order_by(u.revision)
    )
    for meter_id, register, day, at, *latest in rows:
        match.setdefault((meter_id, register, day), {})[at] = (latest[0], latest[1], latest[2])
    return match


async def keep(conn: AsyncConnection, file_id: int, cursor: int, batch: DedupedBatch) -> bool:
    """Write a settled batch and move the file's cursor on from `cursor`; False if it does not stand there any more."""
    counts = {
        "accepted": batch.accepted,
        "duplicates": batch.duplicates,
        "revised": batch.revised,
        "rejected": batch.rejected,
        "quantity_micro": batch.quantity_micro,
    }
    if not await advance(conn, file_id, cursor, batch.records, counts):
        return False
    await keep_intervals(conn, file_id, batch)
    await put_rejects(conn, file_id, list(batch.rejects.values()))
    return True


async def advance(
    conn: AsyncConnection,
    file_id: int,
    cursor: int,
    records: int,
    counts: Mapping[str, int],
    declared: int | None = None,
) -> bool:
    """Move the file's cursor on and its counters up; False if somebody else has moved it meanwhile."""
    f = t.usage_file.c
    more: dict[str, Any] = {name: f[name] + count for name, count in counts.items()}
    if declared is not None:
        more["declared"] = declared
    moved = await conn.execute(
        update(t.usage_file)
        .where(f.id == file_id, f.records == cursor)
        .values(records=cursor + records, rows=f.rows + records, **more)
    )
    return moved.rowcount == 1


async def add_quantity(conn: AsyncConnection, file_id: int, quantity_micro: int) -> None:
    """A recycled part of the file changed what was used."""
    f = t.usage_file.c
    if quantity_micro:
        change = update(t.usage_file).where(f.id == file_id)
        await conn.execute(change.values(quantity_micro=f.quantity_micro + quantity_micro))


async def put_rejects(conn: AsyncConnection, file_id: int, rejects: Sequence[Reject]) -> None:
    """Keep what was not taken, so that it can be taken after a fix. A line may have begun in the batch before."""
    if not rejects:
        return
    r, first = t.usage_reject.c, rejects[0]
    begun = update(t.usage_reject).where(r.file_id == file_id, r.row == first.row)
    more = (await conn.execute(begun.values(intervals=r.intervals + first.intervals))).rowcount
    rows = [(file_id, item.row, item.line, item.reason, item.intervals) for item in rejects[more:]]
    await insert_many(conn, t.usage_reject, REJECT, rows)


async def keep_intervals(conn: AsyncConnection, file_id: int, batch: DedupedBatch) -> None:
    """Write the new intervals of a settled batch, and what they come to."""
    await insert_many(conn, t.usage, USAGE, batch.rows)
    await _add(
        conn,
        t.usage_day,
        [(*key, change) for key, change in batch.days.items()],
        ("readings", "quantity_micro", "estimated_micro"),
    )
    await _add(
        conn,
        t.usage_total,
        [(file_id, *key, change) for key, change in batch.months.items()],
        ("readings", "quantity_micro"),
    )


async def _add(conn: AsyncConnection, table: Table, changes: list[tuple[Any, ...]], columns: tuple[str, ...]) -> None:
    """Add each change (the last of its tuple) to the row of its key (the others), in the order of the keys."""
    if not changes:
        return
    names = [column.name for column in table.primary_key]
    rows = [
        dict(zip(names, key, strict=True)) | {name: getattr(change, name) for name in columns}
        for *key, change in sorted(changes, key=lambda row: row[:-1])
    ]
    new = insert(conn, table)
    await conn.execute(
        new.on_conflict_do_update(
            index_elements=names, set_={name: table.c[name] + new.excluded[name] for name in columns}
        ),
        rows,
    )


async def setting(conn: AsyncConnection, file_id: int, name: str) -> object:
    """One of the things a file was entered with."""
    settings: dict[str, object] = (
        await conn.execute(select(t.usage_file.c.settings).where(t.usage_file.c.id == file_id))
    ).scalar_one()
    return settings.get(name)


async def fetched(
    conn: AsyncConnection, context: Context, lying: Lying, source: str, file_id: int | None, problem: str | None = None
) -> None:
    """Note that a file was fetched as it lies, and what came of it."""
    row = {
        "source": source,
        "mark": lying.mark,
        "name": lying.name,
        "file_id": file_id,
        "problem": problem,
        "at": context.clock.now(),
    }
    await conn.execute(insert(conn, t.usage_fetch).values(row).on_conflict_do_nothing())


async def marks(conn: AsyncConnection, source: str) -> set[str]:
    """How the files of a source lay that were fetched."""
    f = t.usage_fetch.c
    return set((await conn.execute(select(f.mark).where(f.source == source))).scalars())


async def close_file(conn: AsyncConnection, file_id: int) -> None:
    """All of the file is settled; if it has more or fewer records than it says, that is noted."""
    f = t.usage_file.c
    row = (await conn.execute(select(f.declared, f.records).where(f.id == file_id))).one()
    problem = None
    if row.declared is not None and row.declared != row.records:
        problem = say("en", "file.count", declared=row.declared, found=row.records)
    await conn.execute(update(t.usage_file).where(f.id == file_id).values(state=DONE, problem=problem))


async def report(conn: AsyncConnection, file_id: int, *, repeated: bool = False) -> FileReport:
    """What came of a file."""
    f, s = t.usage_file.c, t.usage_total.c
    row = (
        await conn.execute(
            select(
                f.id, f.rows, f.accepted, f.duplicates, f.revised, f.rejected, f.quantity_micro, f.recycled, f.filtered
            ).where(f.id == file_id)
        )
    ).one()
    sums = await conn.execute(
        select(t.meter.c.serial, s.month, s.readings, s.quantity_micro)
        .join_from(t.usage_total, t.meter, t.meter.c.id == s.meter_id)
        .where(s.file_id == file_id)
        .order_by(t.meter.c.serial, s.month)
    )
    totals = {(serial, f"{month:%Y-%m}"): Total(readings, quantity) for serial, month, readings, quantity in sums}
    return FileReport(*row[:7], totals=totals, repeated=repeated, recycled=row.recycled, filtered=row.filtered)


async def rejects(conn: AsyncConnection, file_id: int) -> list[tuple[int, str, str]]:
    """(row, line, reason) of every line that is not taken yet."""
    r = t.usage_reject.c
    still = select(r.row, r.line, r.reason).where(r.file_id == file_id, r.recycled_at.is_(None))
    rows = await conn.execute(still.order_by(r.row))
    return [(row.row, row.line, row.reason) for row in rows]
