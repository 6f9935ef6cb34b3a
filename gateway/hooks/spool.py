"""What came in while the database was away: kept on disk, answered 200 only then, and taken up in order when it is back.

A room (`hook`, `payment`, `chat`) says once how it takes in what it is brought; `take` does that at once, or keeps it while the
database is away or older ones still wait, here or in another process, so that nobody overtakes themselves. What is kept may be taken
up twice after a crash: every room claims by the provider's own id, so it has one effect. An entry that breaks our own code three
times while the database answers, or that cannot be opened, is laid aside in a file of the same format, and stops nobody behind it.
"""

import asyncio
import contextlib
import math
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from core.clock import Clock
from core.db.engine import AWAY
from gateway.hooks.spool_entry import Seal, SpoolEntry
from gateway.hooks.spool_file import LARGEST_ENTRY, SpoolBatch, SpoolFile
from gateway.hooks.spool_order import Elders

log = structlog.get_logger()

WAITING = Gauge("hodi_spool_waiting", "What came in while the database was away and is not taken up yet")
KEPT = Counter("hodi_spool_kept", "Messages and callbacks that were kept on disk because the database was away")
ASIDE = Counter("hodi_spool_laid_aside", "Kept entries that broke our own code and were laid aside")

MOST_BYTES = 256 * 1024 * 1024
"""Of the file of one process. A message is a few hundred bytes: about half a million of them."""
TRIES = 3
REST_SECONDS, LONGEST_REST_SECONDS = 0.25, 5.0
LOOK_SECONDS = 30.0
"""How often a process looks for files that another one left behind."""


class Full(ConnectionError):
    """The spool takes no more: the provider must bring it again."""


@dataclass(frozen=True, slots=True)
class Room:
    """`take(about, what)` makes it true, however often it is brought; `kinds` are the types that it may be brought, by name."""

    take: Callable[[str, Any], Awaitable[None]]
    kinds: Mapping[str, Any]


class Spool:
    """The spool of one process. `healthy` raises while the database does not answer."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        healthy: Callable[[], Awaitable[object]],
        secret: str,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.folder, self.clock, self.most_bytes = folder, clock, most_bytes
        self._seal = Seal(secret)
        self._healthy = healthy
        self._rooms: dict[str, Room] = {}
        self._own: SpoolFile | None = None
        self._left_behind: list[SpoolFile] = []
        self._queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()
        self._disk = asyncio.Lock()
        self._tries = 0
        self._behind = False
        """Whether other processes may still have something that waits: then nobody may overtake it here."""
        self._elders = Elders(folder, self._seal.came_at)

    def opens(self, name: str, take: Callable[[str, Any], Awaitable[None]], *kinds: Any) -> None:
        """How a room takes in what it is brought."""
        self._rooms[name] = Room(take, {kind.__name__: kind for kind in kinds})

    @property
    def waiting(self) -> int:
        """How many entries wait in the files of this process."""
        return sum(file.waiting for file in self._files()) + len(self._queue)

    async def told(self) -> str | None:
        """For `/readyz`: how many wait, if any do; raises when it takes no more."""
        if self._own is not None and self._own.end >= self.most_bytes * 9 // 10:
            raise Full("the spool is nearly full")
        return f"{self.waiting} waiting" if self.waiting else None

    async def take(self, room: str, about: str, what: Any) -> None:
        """Make it true now, or keep it: when this returns it will not be lost. `Full` when it could be neither."""
        if not self.waiting and not self._behind:
            try:
                await self._rooms[room].take(about, what)
            except AWAY as why:
                log.error("kept for later", room=room, about=about, error=type(why).__name__)
            else:
                return
        await self.keep(room, about, what)

    async def keep(self, room: str, about: str, what: Any) -> None:
        """Put it on the disk. All that is kept in one moment shares one write."""
        raw = msgspec.Raw(msgspec.msgpack.encode(what))
        text = SpoolEntry(room, about, type(what).__name__, raw, self.clock.now().timestamp())
        entry = self._seal.closed(text)
        if len(entry) > LARGEST_ENTRY:
            raise Full("nothing that a person sends is so long")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._behind = True
        self._queue.append((entry, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._queue:
            queue, self._queue = self._queue, []
            try:
                async with self._disk:
                    await asyncio.to_thread(self._append, [entry for entry, _ in queue])
            except OSError as why:
                log.error("the spool takes no more", error=type(why).__name__)
                text: Exception | None = Full("the spool takes no more")
            else:
                text = None
                KEPT.inc(len(queue))
            for _, done in queue:
                if not done.done():
                    done.set_result(None) if text is None else done.set_exception(text)
            self._tell()
            self._bell.set()

    def _append(self, entries: list[bytes]) -> None:
        while self._own is None:
            with contextlib.suppress(
                SpoolBatch
            ):  # by one that looked for files left behind, in the instant it was made
                self._own = SpoolFile(self.folder / self._name())
        if self._own.end + sum(map(len, entries)) > self.most_bytes:
            raise Full("the file is as large as it may be")
        self._own.append(entries)

    def _name(self) -> str:
        """Names sort by the time they were made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return f"{int(self.clock.now().timestamp() * 1000):015}-{secrets.token_hex(4)}.spool"

    def _files(self) -> list[SpoolFile]:
        """The oldest first."""
        return [*self._left_behind, *([self._own] if self._own else ())]

    @contextlib.asynccontextmanager
    async def drained(self) -> AsyncIterator[None]:
        """While this is open, what waits is taken up as soon as the database is there."""
        await asyncio.to_thread(self._adopt)
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.close()

    async def run(self) -> None:
        """For ever: take up what waits, oldest first; rest longer and longer while the database is away."""
        rest = REST_SECONDS
        while True:
            self._bell.clear()
            self._tell()
            if await self.drain():
                rest = REST_SECONDS
                await asyncio.to_thread(self._adopt)
                if self.waiting:
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._bell.wait(), LOOK_SECONDS)
            else:
                await asyncio.sleep(rest)
                rest = min(rest * 2, LONGEST_REST_SECONDS)

    def _adopt(self) -> None:
        """Takes over what a process that died left behind. The files' names begin with the time they were made."""
        mine = {file.path for file in self._files()}
        for path in sorted(self.folder.glob("*.spool")):
            if path not in mine:
                with contextlib.suppress(SpoolBatch, FileNotFoundError):
                    self._left_behind.append(SpoolFile(path))

    async def drain(self) -> bool:
        """Take up everything that waits, in the order it came; False when it must be tried again later."""
        while self.waiting or self._behind:
            file = min((one for one in self._files() if one.waiting), key=self._began, default=None)
            raw = file.first() if file else None
            if await self._after_elders(self._seal.came_at(raw) if file else math.inf):
                continue
            if file is None:
                self._behind = bool(self._queue)
                await asyncio.sleep(0)
                continue
            if raw is not None:
                if not await self._take_up(raw):
                    return False
                file.advance(raw)
                self._tell()
            if file.first() is None:
                async with self._disk:
                    await asyncio.to_thread(self._finished, file)
        return True

    async def _after_elders(self, at: float) -> bool:
        """Lets what others kept before this go first; True: look again at what is to be taken up, it is other by now."""
        idle = at == math.inf

        def hurry() -> bool:
            return idle and any(file.waiting for file in self._files())

        if await self._elders.linger(at, lambda: {file.path for file in self._files()}, hurry):
            await asyncio.to_thread(self._adopt)
            return True
        return hurry()

    def _began(self, file: SpoolFile) -> float:
        """When what waits longest in a file came in."""
        return self._seal.came_at(file.first()) if len(self._files()) > 1 else 0.0

    def _finished(self, file: SpoolFile) -> None:
        """Gives the room back, unless something was kept meanwhile."""
        if file.waiting:
            return
        if file is self._own:
            file.clear()
        else:
            self._left_behind.remove(file)
            file.close(remove=True)

    async def _take_up(self, raw: bytes) -> bool:
        """One entry; True when it is done or laid aside."""
        try:
            entry = self._seal.entry(raw)
            room = self._rooms[entry.room]
            await room.take(entry.about, msgspec.msgpack.decode(entry.what, type=room.kinds[entry.kind]))
        except AWAY as why:
            if not await self._answers():
                return False
            return await self._stumbled(raw, why)
        except Exception as bug:
            return await self._stumbled(raw, bug)
        self._tries = 0
        return True

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(2.0):
                await self._healthy()
        except Exception:
            return False
        return True

    async def _stumbled(self, raw: bytes, why: Exception) -> bool:
        """Ours to mend, not the database's: after some tries it is laid aside."""
        self._tries += 1
        log.error("a kept entry could not be taken up", tries=self._tries, exc_info=why)
        if self._tries < TRIES:
            return False
        self._tries = 0
        await asyncio.to_thread(self._lay_aside, raw)
        ASIDE.inc()
        return True

    def _lay_aside(self, raw: bytes) -> None:
        aside = SpoolFile(self.folder / f"{secrets.token_hex(8)}.aside")
        aside.append([raw])
        aside.close()

    def _tell(self) -> None:
        WAITING.set(self.waiting)

    async def close(self) -> None:
        """Let go of the files; what waits is taken up by the next process."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        for file in self._files():
            file.close(remove=not file.waiting)
        self._own, self._left_behind = None, []
