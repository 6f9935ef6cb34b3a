"""Files of usage into the one store, however they are written: all of them, and once.

A file is read in batches, each settled in one transaction with a cursor: killed at any point, the next call goes on where the
last commit stood, so nothing is lost and nothing doubled. A file that was there before (the same bytes) is answered with its
first report. Parsing and deciding happen in a thread; the loop only talks to the database.
"""

import asyncio
import csv
import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from sqlalchemy.ext.asyncio import AsyncConnection

from core import files
from core.context import App, Context
from core.dates import DateLayout
from core.db import failpoints
from core.db.engine import SPARE_IDS
from core.errors import BadInput
from core.metering.dst_calendar import Market, Stamps
from core.metering.events import take as events
from core.metering.events.mapped_csv import parser
from core.metering.events.mapping import Mapping as Columns
from core.metering.events.model import Declared
from core.metering.formats import interval_csv, nem12, nem13
from core.metering.formats.interval_mapping import Intervals
from core.metering.model import FileReport, Progress, Reject
from core.metering.store import store
from core.metering.store.take_intervals import take as take_intervals

BATCH = 20_000
"""Records a transaction: long enough to be quick, short enough that a customer's turn need not wait."""

NOT_TEXT = files.UNREADABLE
REMEDY = ("it is not readable text.", "Save it as CSV in UTF-8 and try again.")
Items = Iterator[Any]
Parse = Callable[[Iterable[str]], Items]
Take = Callable[[AsyncConnection, Context, int, int, Sequence[Any]], Awaitable[int]]
"""(connection, house, file, cursor, items) -> how many records it settled."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A file on its way in: how it is read, and how its items are taken."""

    kind: str
    path: Path
    parse: Parse
    take: Take
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """Of the operator's; none: the file came by hand, and its kind is its source."""
    name: str = ""
    sequence: int | None = None
    shift_years: int = 0
    ids_each: int = 0

    def digest(self) -> str:
        """What makes two files the same: every byte, their number, how the dates were moved, and how it is read."""
        with self.path.open("rb") as file:
            match = hashlib.file_digest(file, "sha256")
        match.update(f"|{self.shift_years}|{self.sequence}".encode())
        if self.kind == "csv" and self.settings.get("mapping"):
            match.update(json.dumps(self.settings["mapping"], sort_keys=True).encode())
        return match.hexdigest()

    def facts(self, digest: str) -> store.FileFacts:
        """The file as it is entered."""
        return store.FileFacts(
            self.source or self.kind,
            self.kind,
            self.name or self.path.name,
            digest,
            {"shift_years": self.shift_years, **self.settings},
            self.sequence,
        )


def coming(
    context: Context,
    kind: str,
    path: Path,
    *,
    mapping: Columns | None = None,
    intervals: Intervals | None = None,
    shift_years: int = 0,
) -> Coming:
    """A file of this kind: csv (with how it differs), nem12, nem13, or cdr by a mapping. BadInput when it cannot be read at all."""
    where = path.name
    match kind:
        case "csv":
            how = intervals or Intervals()
            stamps = stamps_of(context, shift_years)
            return Coming(
                "csv",
                path,
                lambda lines: interval_csv.records(lines, how, stamps, where),
                take_intervals,
                {
                    "head": head_of(path, how.delimiter, how.skip),
                    "mapping": how.model_dump(mode="json", exclude_defaults=True),
                },
                shift_years=shift_years,
            )
        case "nem12":
            market = Market(context.zone)
            return Coming(
                "nem12",
                path,
                lambda lines: nem12.records(lines, shift_years, where, market),
                take_intervals,
                shift_years=shift_years,
            )
        case "nem13":
            return Coming(
                "nem13",
                path,
                lambda lines: nem13.records(lines, shift_years, where),
                nem13.take,
                shift_years=shift_years,
                ids_each=2,
            )
    if mapping is None:
        raise BadInput(where, "is no kind of file we can read by itself.", "Name its source: see docs/guides/usage.md.")
    parse = parser(mapping, zone=context.zone, country=context.operator.country, currency=context.currency, where=where)
    head = list(mapping.columns) if mapping.columns else head_of(path, mapping.delimiter)
    return Coming("cdr", path, parse, events.take, {"head": head, "mapping": mapping.model_dump(mode="json")})


def stamps_of(context: Context, shift_years: int) -> interval_csv.MakeStamps:
    """How the stamps of a CSV are read, once it is known how it writes them."""
    return lambda how, back: Stamps(
        context.zone, shift_years, written=DateLayout.of(how.dates), clock=how.clock(context.zone), back=back
    )


async def load_csv(app: App, path: Path, *, shift_years: int = 0, progress: Progress | None = None) -> FileReport:
    """Interval usage as CSV (plain or .gz); `shift_years` moves every date, for old data in a demonstration.

    BadInput when the file cannot be read at all; single rows that cannot be taken are in `usage_reject` with a reason.
    """
    return await load(app, coming(app, "csv", path, shift_years=shift_years), progress)


def head_of(path: Path, delimiter: str | None = None, skip: int = 0) -> list[str]:
    """The texts of a file's first line (after `skip`), parted by what it has most of if nobody says by what."""
    with path.open("rb") as raw, _text(raw, path) as lines:
        try:
            line = next(islice(lines, skip, None), "")
            return next(csv.reader([line], delimiter=delimiter or files.delimiter_of(line)), [])
        except NOT_TEXT as why:
            raise BadInput(str(path), *REMEDY) from why


def kind_of(path: Path) -> str:
    """How a file that nobody described is written, by its first line."""
    head = head_of(path)[:2]
    return {"NEM12": "nem12", "NEM13": "nem13"}.get(head[1], "csv") if head[:1] == ["100"] and len(head) > 1 else "csv"


async def load(app: App, file: Coming, progress: Progress | None = None) -> FileReport:
    """Take the whole file, or go on where it was left."""
    digest = await asyncio.to_thread(file.digest)
    with file.path.open("rb") as raw, _text(raw, file.path) as lines:
        items = file.parse(lines)
        ahead = await asyncio.to_thread(_next, items, file.path, 1)  # a file that is none is refused before it is noted
        async with app.db.writing() as conn:
            file_id, cursor, state = await store.open_file(conn, app, file.facts(digest))
        if state != store.DONE:
            await _take_all(app, file, file_id, cursor, chain(ahead, items), lambda: _tell(raw, file, progress))
    async with app.db.reading() as conn:
        return await store.report(conn, file_id, repeated=state == store.DONE)


async def _take_all(app: App, file: Coming, file_id: int, cursor: int, items: Items, tell: Callable[[], None]) -> None:
    await asyncio.to_thread(_skip, items, cursor)
    async with aclosing(_batches(items, file.path)) as batches:
        async for batch in batches:
            await app.db.reserve_ids(file.ids_each * len(batch) + SPARE_IDS)
            async with app.db.writing() as conn:
                cursor += await file.take(conn, app, file_id, cursor, batch)
            failpoints.point("metering.batch")
            tell()
    async with app.db.writing() as conn:
        await store.close_file(conn, file_id)


async def _batches(items: Items, path: Path) -> AsyncGenerator[list[Any], None]:
    """Batch after batch; while one is being written the next is read."""

    def ahead() -> asyncio.Task[list[Any]]:
        return asyncio.create_task(asyncio.to_thread(_next, items, path, BATCH))

    reading = ahead()
    try:
        while batch := await reading:
            reading = ahead()
            yield batch
    finally:
        await asyncio.wait([reading])


def _next(items: Items, path: Path, count: int) -> list[Any]:
    try:
        return list(islice(items, count))
    except NOT_TEXT as why:
        raise BadInput(str(path), *REMEDY) from why


def _skip(items: Items, records: int) -> None:
    """Pass over what an earlier call has settled."""
    while records > 0:
        item = next(items)
        if not isinstance(item, Declared):
            records -= item.intervals if isinstance(item, Reject) else 1


def _text(raw: BinaryIO, path: Path) -> TextIO:
    """The text of a plain or compressed file."""
    try:
        return files.opened(raw, path)
    except NOT_TEXT as why:
        raise BadInput(str(path), *REMEDY) from why


def _tell(raw: BinaryIO, file: Coming, progress: Progress | None) -> None:
    if progress is not None:
        progress(raw.tell(), file.path.stat().st_size)
