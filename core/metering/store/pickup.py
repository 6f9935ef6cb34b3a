"""Fetches what lies in the sources' folders, on this machine or another's, and loads it: on schedule, and nothing twice.

A file is known by its bytes, so a name may come again with other content, and the same content under another name brings nothing.
How a file lay there (its size and time, by this machine's clock) is noted, so that what has not changed is not fetched again. A source that fails is told in
the log and tried at the next tick; it does not stop the others.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import structlog

from core.clock import SystemClock
from core.context import App
from core.errors import BadInput
from core.metering.model import FileReport, Lying
from core.metering.store import collect, sftp, sources, store
from core.metering.store.sources import Source

log = structlog.get_logger()


class Folder(Protocol):
    """Where files lie."""

    async def lying(self) -> list[Lying]:
        """The plain files in it."""

    def at_hand(self, name: str) -> AbstractAsyncContextManager[Path]:
        """A file as one of this machine's."""


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def lying(self) -> list[Lying]:
        """See `Folder`."""
        return await asyncio.to_thread(self._lying)

    def _lying(self) -> list[Lying]:
        rows = [(path.name, path.stat()) for path in self.path.iterdir() if path.is_file()]
        return [Lying(name, stat.st_size, int(stat.st_mtime)) for name, stat in rows]

    @asynccontextmanager
    async def at_hand(self, name: str) -> AsyncIterator[Path]:
        """See `Folder`."""
        yield self.path / name


@dataclass(slots=True)
class Fetched:
    """What came of one source: the reports of its new files by name, and what went wrong."""

    reports: dict[str, FileReport] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


async def tick(app: App) -> int:
    """Every source once; how many new files. The scheduler's job."""
    fetched = [await fetch(app, source) for source in sources.of_house(app).values()]
    return sum(len(one.reports) for one in fetched)


async def fetch(app: App, source: Source) -> Fetched:
    """Load what is new in a source's folder, in order of the numbers in the names; a bad file does not stop the next."""
    match = Fetched()
    if source.folder is None and source.sftp is None:
        return match
    try:
        async with _opened(source) as folder:
            for one in await _new(app, source, await folder.lying()):
                await _one(app, source, folder, one, match)
    except (OSError, TimeoutError, sftp.SftpUnavailable) as why:
        log.warning("usage.source_unreachable", source=source.source, why=type(why).__name__)
        match.problems.append(f"{source.source}: {why}")
    return match


async def _one(app: App, source: Source, folder: Folder, one: Lying, found: Fetched) -> None:
    file_id, problem = None, None
    try:
        async with folder.at_hand(one.name) as path:
            file = await asyncio.to_thread(sources.coming, app, source, path, name=one.name)
            report = await collect.load(app, file)
        found.reports[one.name], file_id = report, report.file_id
    except BadInput as why:
        log.warning("usage.file_refused", source=source.source, file=one.name)
        problem = str(why)
        found.problems.append(problem)
    async with app.db.writing() as conn:
        await store.fetched(conn, app, one, source.source, file_id, problem)


@asynccontextmanager
async def _opened(source: Source) -> AsyncIterator[Folder]:
    if source.sftp is None:
        assert source.folder is not None
        yield LocalFolder(source.folder)
        return
    with tempfile.TemporaryDirectory(prefix="hodi-usage-") as spool:
        async with sftp.opened(source.sftp, source.source, Path(spool)) as folder:
            yield folder


async def _new(app: App, source: Source, lying: list[Lying]) -> list[Lying]:
    """Those that are its, that nobody writes any more, and that were not fetched as they lie."""
    until = int((SystemClock().now() - timedelta(seconds=source.quiet_seconds)).timestamp())
    mine = [one for one in lying if source.wants(one.name) and one.changed <= until]
    async with app.db.reading() as conn:
        known = await store.marks(conn, source.source)
    fresh = [one for one in mine if one.mark not in known]
    return sorted(fresh, key=lambda one: (source.number(one.name) or 0, one.name))
