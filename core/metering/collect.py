"""Files of interval usage into the one store: all of them, and once.

A file is read in batches, each settled in one transaction with a cursor: killed at any point, the next call goes on where the
last commit stood, so nothing is lost and nothing doubled. A file that was there before (the same bytes) is answered with its
first report. Parsing and deciding happen in a thread; the loop only talks to the database.
"""

import asyncio
import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

from core import faults
from core.clock import start_of
from core.errors import BadInput
from core.house import House
from core.metering import interval_csv, nem12, store
from core.metering.days import Stamps
from core.metering.model import FileReport, Progress, Record, Reject
from core.metering.settle import Frame, Settled, settle, span

BATCH = 20_000
"""Records a transaction: long enough to be quick, short enough that a customer's turn need not wait."""

NOT_TEXT = (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error)
REMEDY = ("it is not readable text.", "Save it as CSV in UTF-8 and try again.")
Items = Iterator[Record | Reject]
Parse = Callable[[Iterable[str]], Items]


async def load_csv(house: House, path: Path, *, shift_years: int = 0, progress: Progress | None = None) -> FileReport:
    """Interval usage as CSV (plain or .gz); `shift_years` moves every date, for old data in a demonstration.

    BadInput when the file cannot be read at all; single rows that cannot be taken are in `usage_reject` with a reason.
    """
    return await _load(
        house, _Source("csv", path, shift_years, lambda lines: interval_csv.records(lines, Stamps(house.zone, shift_years), path.name)),
        progress,
    )  # fmt: skip


async def load_nem12(house: House, path: Path, *, shift_years: int = 0, progress: Progress | None = None) -> FileReport:
    """A NEM12 file (plain or .gz); its days are days of the operator's zone."""
    return await _load(
        house, _Source("nem12", path, shift_years, lambda lines: nem12.records(lines, shift_years, path.name)), progress
    )


def head_of(path: Path) -> list[str]:
    """The texts of a file's first line."""
    with path.open("rb") as raw, _text(raw, path) as lines:
        try:
            return next(csv.reader(lines), [])
        except NOT_TEXT as why:
            raise BadInput(str(path), *REMEDY) from why


@dataclass(frozen=True, slots=True)
class _Source:
    kind: str
    path: Path
    shift_years: int
    parse: Parse

    def digest(self) -> str:
        """What makes two files the same: every byte, and how the dates were moved."""
        with self.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256")
        found.update(f"|{self.shift_years}".encode())
        return found.hexdigest()


async def _load(house: House, source: _Source, progress: Progress | None) -> FileReport:
    digest = await asyncio.to_thread(source.digest)
    with source.path.open("rb") as raw, _text(raw, source.path) as lines:
        items = source.parse(lines)
        ahead = await asyncio.to_thread(
            _next, items, source.path, 1
        )  # a file that is none is refused before it is noted
        async with house.db.writing() as conn:
            file_id, cursor, state = await store.open_file(
                conn, house, source=source.kind, name=source.path.name, digest=digest,
                settings={"shift_years": source.shift_years},
            )  # fmt: skip
        if state != store.DONE:
            await _take_all(
                house, source, file_id=file_id, cursor=cursor, items=chain(ahead, items),
                tell=lambda: _tell(raw, source, progress),
            )  # fmt: skip
    async with house.db.reading() as conn:
        return await store.report(conn, file_id, repeated=state == store.DONE)


async def _take_all(
    house: House, source: _Source, *, file_id: int, cursor: int, items: Items, tell: Callable[[], None]
) -> None:
    await asyncio.to_thread(_skip, items, cursor)
    while batch := await asyncio.to_thread(_next, items, source.path, BATCH):
        cursor += await _take(house, file_id, cursor, batch)
        faults.point("metering.batch")
        tell()
    async with house.db.writing() as conn:
        await store.close_file(conn, file_id)


async def _take(house: House, file_id: int, cursor: int, batch: list[Record | Reject]) -> int:
    """Settle one batch in one transaction; how many records it was."""
    read = [item for item in batch if isinstance(item, Record)]
    async with house.db.writing() as conn:
        meters = await store.meters(conn, {item.serial for item in read})
        known = await store.known(conn, [meter.id for meter in meters.values()], *span(read)) if read else {}
        settled: Settled = await asyncio.to_thread(settle, batch, meters, known, _frame(house, file_id))
        if not await store.keep(conn, file_id, cursor, settled):
            raise BadInput("this file", "is being loaded by somebody else.", "Wait until that is done, then ask again.")
    return settled.records


def _frame(house: House, file_id: int) -> Frame:
    today, now = house.today(), house.clock.now()
    return Frame(house.zone, today, int((now - start_of(today, house.zone)).total_seconds()) // 60, file_id)


def _next(items: Items, path: Path, count: int) -> list[Record | Reject]:
    try:
        return list(islice(items, count))
    except NOT_TEXT as why:
        raise BadInput(str(path), *REMEDY) from why


def _skip(items: Items, records: int) -> None:
    """Pass over what an earlier call has settled."""
    while records > 0:
        item = next(items)
        records -= item.intervals if isinstance(item, Reject) else 1


def _text(raw: BinaryIO, path: Path) -> TextIO:
    """The text of a plain or compressed file."""
    stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
    return io.TextIOWrapper(stream, "utf-8-sig", newline="")


def _tell(raw: BinaryIO, source: _Source, progress: Progress | None) -> None:
    if progress is not None:
        progress(raw.tell(), source.path.stat().st_size)
