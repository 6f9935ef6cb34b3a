"""Takes rejected records once more, after what was wrong has been put right: a meter imported, a line sold, a mapping corrected.

Each file's equation stays true: what is taken now moves from rejected to recycled (or to duplicates, if another file brought it
meanwhile), and what is still wrong keeps its newest reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import App, Context
from core.db.bulk import update_many
from core.db.engine import SPARE_IDS
from core.metering import tables as t
from core.metering.dst_calendar import Market
from core.metering.events import take as events
from core.metering.events import usage_json
from core.metering.events.dedupe import ROW
from core.metering.events.mapped_csv import Item, MappedCsv
from core.metering.events.mapping import Mapping as Columns
from core.metering.formats import interval_csv, nem12, nem13
from core.metering.formats.csv_line import cells, joined
from core.metering.formats.interval_mapping import Intervals
from core.metering.model import Record, Reject
from core.metering.store import collect, sources, store
from core.metering.store.dedupe import DedupedBatch, settle, span
from core.metering.store.take_intervals import frame_of

CHUNK = 1_000


@dataclass(slots=True)
class Recycled:
    """What came of it: `tried` records, of which so many were taken, were there already, or are still wrong."""

    tried: int = 0
    taken: int = 0
    duplicates: int = 0
    still: int = 0

    def add(self, other: "Recycled") -> None:
        """Count another part in."""
        self.tried += other.tried
        self.taken += other.taken
        self.duplicates += other.duplicates
        self.still += other.still


class Bad(NamedTuple):
    """A reject that is open: its row, all that is needed to read it, and how many records it stands for."""

    row: int
    line: str
    intervals: int
    reason: str


class Reprocessed(NamedTuple):
    """What became of one: records taken, and why the rest is still wrong (None: nothing is; what was not taken was there)."""

    taken: int
    why: str | None


async def recycle(
    app: App, *, source: str | None = None, file_id: int | None = None, actor: str = "job:recycle"
) -> Recycled:
    """Try every open reject of a source, of a file, or of all; in small transactions, safe to repeat."""
    done = Recycled()
    async with app.db.reading() as conn:
        files = await _files(conn, source, file_id)
    for file in files:
        cursor = -1
        while True:
            await app.db.reserve_ids(2 * CHUNK + SPARE_IDS)
            async with app.db.writing() as conn:
                bad = await _open(conn, file.id, cursor)
                if not bad:
                    break
                done.add(await _chunk(conn, app, file, bad, actor))
            cursor = bad[-1].row
    return done


async def _chunk(
    conn: AsyncConnection, app: App, file: Row[*tuple[Any, ...]], bad: Sequence[Bad], actor: str
) -> Recycled:
    text = await _retake(conn, app, file, bad)
    part = Recycled(sum(one.intervals for one in bad))
    fixed, still = [], []
    for one in bad:
        again = text[one.row]
        part.taken += again.taken
        if again.why is None:
            fixed.append((app.clock.now(), 0, file.id, one.row))
        else:
            left = max(1, one.intervals - again.taken)
            still.append((again.why, left, file.id, one.row))
            part.still += left
    part.duplicates = part.tried - part.taken - part.still
    await update_many(conn, t.usage_reject, ("file_id", "row"), ("recycled_at", "intervals"), fixed)
    await update_many(conn, t.usage_reject, ("file_id", "row"), ("reason", "intervals"), still)
    f = t.usage_file.c
    await conn.execute(
        update(t.usage_file)
        .where(f.id == file.id)
        .values(
            rejected=f.rejected - part.tried + part.still,
            recycled=f.recycled + part.taken,
            duplicates=f.duplicates + part.duplicates,
        )
    )
    if part.taken or part.duplicates:
        await trail.note(conn, app, actor, "usage.recycled", f"usage_file:{file.id}", taken=part.taken)
    return part


async def _retake(
    conn: AsyncConnection, app: App, file: Row[*tuple[Any, ...]], bad: Sequence[Bad]
) -> Mapping[int, Reprocessed]:
    match file.kind:
        case "csv" | "nem12":
            return await _intervals(conn, app, file, bad)
        case "nem13":
            return await _reads(conn, app, file, bad)
        case _:
            return await _events(conn, app, file, bad)


async def _intervals(
    conn: AsyncConnection, context: Context, file: Row[*tuple[Any, ...]], bad: Sequence[Bad]
) -> dict[int, Reprocessed]:
    items = {one.row: _intervals_of(context, file, one) for one in bad}
    read = [item for some in items.values() for item in some if isinstance(item, Record)]
    meters = await store.meters(conn, {item.serial for item in read})
    known = await store.known(conn, [meter.id for meter in meters.values()], *span(read)) if read else {}
    text, frame, whole = {}, frame_of(context, file.id), DedupedBatch()
    for one in bad:
        settled = settle(items[one.row], meters, known, frame)
        whole.add(settled)
        why = " ".join(reject.reason for reject in settled.rejects.values()) or None
        text[one.row] = Reprocessed(settled.accepted + settled.revised, why if items[one.row] else one.reason)
    await store.keep_heard(conn, meters.values())
    await store.keep_intervals(conn, file.id, whole)
    await store.add_quantity(conn, file.id, whole.quantity_micro)
    return text


def _intervals_of(context: Context, file: Row[*tuple[Any, ...]], one: Bad) -> list[Record | Reject]:
    shift = file.settings.get("shift_years", 0)
    if file.kind == "nem12":
        lines = ["100,NEM12", *one.line.split("\n"), "900"]
        return [item._replace(row=one.row) for item in nem12.records(lines, shift, file.name, Market(context.zone))]
    how = Intervals.model_validate({**(file.settings.get("mapping") or {}), "delimiter": ",", "skip": 0})
    lines, stamps = [joined(file.settings["head"]), one.line], collect.stamps_of(context, shift)
    return [item._replace(row=one.row) for item in interval_csv.records(lines, how, stamps, file.name)]


async def _reads(
    conn: AsyncConnection, context: Context, file: Row[*tuple[Any, ...]], bad: Sequence[Bad]
) -> dict[int, Reprocessed]:
    shift = file.settings.get("shift_years", 0)
    items = [nem13.read(one.row, cells(one.line), shift) for one in bad]
    outcomes = await nem13.keep(conn, context, file.id, items)
    return {one.item.row: _again(one.state, one.reason) for one in outcomes}


def _again(state: str, reason: str) -> Reprocessed:
    return Reprocessed(int(state == "accepted"), reason if state == "rejected" else None)


async def _events(
    conn: AsyncConnection, app: App, file: Row[*tuple[Any, ...]], bad: Sequence[Bad]
) -> dict[int, Reprocessed]:
    items: list[Item]
    if file.kind == "usage":
        items = [usage_json.read(app, one.row, one.line) for one in bad]
    else:
        items = list(_reader(app, file).rows((one.row, cells(one.line)) for one in bad))
    kept = await events.keep(conn, app, file.id, items)
    wrong = {reject.row: reject.reason for reject in kept.settled.rejects}
    mine = {row[ROW] for row in kept.accepted}
    return {one.row: Reprocessed(int(one.row in mine), wrong.get(one.row)) for one in bad}


def _reader(app: App, file: Row[*tuple[Any, ...]]) -> MappedCsv:
    """By the source's mapping as it stands now, because it may be what was put right; else as it was."""
    source = sources.of_house(app).get(file.source)
    mapping = source.cdr if source and source.cdr else Columns.model_validate(file.settings["mapping"])
    return MappedCsv(
        mapping,
        file.settings["head"],
        zone=app.zone,
        country=app.operator.country,
        currency=app.currency,
        where=file.name,
    )


async def _files(conn: AsyncConnection, source: str | None, file_id: int | None) -> Sequence[Row[*tuple[Any, ...]]]:
    f, r = t.usage_file.c, t.usage_reject.c
    some = select(f.id, f.source, f.kind, f.name, f.settings).where(
        f.state == store.DONE, select(r.row).where(r.file_id == f.id, r.recycled_at.is_(None)).exists()
    )
    if source is not None:
        some = some.where(f.source == source)
    if file_id is not None:
        some = some.where(f.id == file_id)
    return (await conn.execute(some.order_by(f.id))).all()


async def _open(conn: AsyncConnection, file_id: int, cursor: int) -> list[Bad]:
    r = t.usage_reject.c
    rows = await conn.execute(
        select(r.row, r.line, r.intervals, r.reason)
        .where(r.file_id == file_id, r.recycled_at.is_(None), r.row > cursor)
        .order_by(r.row)
        .limit(CHUNK)
        .with_for_update()
    )
    return [Bad(*row) for row in rows]
