"""Where conversations stand between turns: an embedded store in a SQLite file of its own, or Redis, behind one Protocol.

A session is saved by compare-and-set on its version, and the answer leaves after the commit; of two workers that took the same
turn, one wins and the other finds its answer. The file is apart from the books, so that a bill run's long transactions never
stand in a customer's way. What is here may be lost: the conversation is then walked again from what the provider repeats.
"""

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from core.clock import Clock

log = structlog.get_logger()

CHECKPOINT_SECONDS = 1.0
QUIET_SECONDS = 5.0
"""After so long without a save the write-ahead log is truncated."""
FORGET_SECONDS, FORGOTTEN_AT_ONCE = 600.0, 500
"""How often expired sessions are forgotten (Redis does so by itself), and how many in one transaction: nobody waits for more."""


class StoredSession(msgspec.Struct, frozen=True):
    """A stored session: its version counts the saves, `expires` is an instant in seconds since 1970 (UTC)."""

    version: int
    blob: bytes
    expires: float


class Store(Protocol):
    """Both stores, and the one that falls back, look like this."""

    async def load(self, key: str) -> StoredSession | None:
        """What is kept under `key`, also when it has expired."""

    async def save(self, key: str, kept: StoredSession) -> bool:
        """Keep it if the stored version is the one before `kept.version` (1: there must be none); False if it is not."""

    async def told(self) -> str | None:
        """For `/readyz`: what is not as it should be; raises when it does not answer."""

    async def close(self) -> None:
        """Commit what waits, and let go."""


class _Waiting(msgspec.Struct):
    key: str
    kept: StoredSession
    anyway: bool
    done: asyncio.Future[bool]


_LOAD = "SELECT version, blob, expires FROM session WHERE key = ?"
_NEW = "INSERT INTO session (key, version, blob, expires) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"
_NEXT = "UPDATE session SET version = ?, blob = ?, expires = ? WHERE key = ? AND version = ?"
_ANYWAY = (
    "INSERT INTO session (key, version, blob, expires) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE "
    "SET version = excluded.version, blob = excluded.blob, expires = excluded.expires"
)
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS session (key TEXT PRIMARY KEY, version INTEGER NOT NULL, blob BLOB NOT NULL, "
    "expires REAL NOT NULL)"
)
PAGE_BYTES = 1024
"""A commit writes whole pages, and a session is some hundreds of bytes: small pages halve the cost of a save."""


class EmbeddedStore:
    """SQLite on the loop: a point read of microseconds, and one commit for all sessions saved in a tick."""

    def __init__(self, path: str | Path, clock: Clock | None = None) -> None:
        """Sessions in the file at `path`; what has expired by `clock` is forgotten (without one nothing is)."""
        self.path, self.clock = str(path), clock
        self._db = _connect(self.path)
        self._db.execute(_SCHEMA)
        self._reader = self._db if self.path == ":memory:" else _connect(self.path)
        self._reading = self._closed = False
        self._waiting: list[_Waiting] = []
        self._keeper: asyncio.Task[None] | None = None
        self._dirty = False
        self._saved_at, self._forgot_at = 0.0, -FORGET_SECONDS

    async def load(self, key: str) -> StoredSession | None:
        """See `Store.load`."""
        if not self._reading and self._reader is not self._db:
            self._reading = True
            self._reader.execute("BEGIN")
            asyncio.get_running_loop().call_soon(self._read)
        row = self._reader.execute(_LOAD, (key,)).fetchone()
        return StoredSession(*row) if row else None

    def _read(self) -> None:
        """All loads of a loop tick share one look at the file: a lock costs more than a read."""
        self._reading = False
        if not self._closed:
            self._reader.execute("COMMIT")

    async def save(self, key: str, kept: StoredSession, *, anyway: bool = False) -> bool:
        """See `Store.save`; `anyway` overwrites whatever version there is."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._commit)
        if self._keeper is None:
            self._keeper = loop.create_task(self._keep_tidy())
        done: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(_Waiting(key, kept, anyway, done))
        return await done

    def _commit(self) -> None:
        """One transaction for all that waits; those who wait are told afterwards."""
        waiting, self._waiting = self._waiting, []
        try:
            answer = self._all_at_once(waiting) or self._one_by_one(waiting)
        except sqlite3.Error as why:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            for one in waiting:
                if not one.done.done():
                    one.done.set_exception(why)
            return
        self._dirty = True
        for one, kept in zip(waiting, answer, strict=True):
            if not one.done.done():
                one.done.set_result(kept)

    def _all_at_once(self, waiting: list[_Waiting]) -> list[bool] | None:
        """The usual case, in which nobody loses: a statement for all of them. None when somebody did, and nothing is written."""
        rows = [(one.kept.version, one.kept.blob, one.kept.expires, one.key, one.kept.version - 1) for one in waiting]
        if any(one.anyway or one.kept.version == 1 for one in waiting):
            return None
        self._db.execute("BEGIN IMMEDIATE")
        before = self._db.total_changes
        self._db.executemany(_NEXT, rows)
        won = self._db.total_changes - before == len(rows)
        self._db.execute("COMMIT" if won else "ROLLBACK")
        return [True] * len(rows) if won else None

    def _one_by_one(self, waiting: list[_Waiting]) -> list[bool]:
        """Somebody is new, or took the same turn as another: each is told whether it won."""
        self._db.execute("BEGIN IMMEDIATE")
        answer = [self._write(one) for one in waiting]
        self._db.execute("COMMIT")
        return answer

    def _write(self, one: _Waiting) -> bool:
        kept = one.kept
        if one.anyway:
            return self._db.execute(_ANYWAY, (one.key, kept.version, kept.blob, kept.expires)).rowcount == 1
        if kept.version == 1:
            return self._db.execute(_NEW, (one.key, 1, kept.blob, kept.expires)).rowcount == 1
        values = (kept.version, kept.blob, kept.expires, one.key, kept.version - 1)
        return self._db.execute(_NEXT, values).rowcount == 1

    async def told(self) -> str | None:
        """See `Store.told`."""
        await self.load("readyz")
        return None

    async def _keep_tidy(self) -> None:
        """Forgets what has expired and moves the write-ahead log into the file, off the loop; truncates it when nobody calls."""
        while True:
            if self.clock and self.path != ":memory:" and time.monotonic() - self._forgot_at > FORGET_SECONDS:
                self._forgot_at, now = time.monotonic(), self.clock.now().timestamp()
                await asyncio.to_thread(_forget_expired, self.path, now)
            await asyncio.sleep(CHECKPOINT_SECONDS)
            if self._dirty:
                self._dirty, self._saved_at = False, time.monotonic()
                await asyncio.to_thread(_checkpoint, self.path, "PASSIVE")
            elif self._saved_at and time.monotonic() - self._saved_at > QUIET_SECONDS:
                self._saved_at = 0.0
                await asyncio.to_thread(_checkpoint, self.path, "TRUNCATE")

    async def close(self) -> None:
        """See `Store.close`."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._waiting:
            self._commit()
        self._closed = True
        self._reader.close()
        if self._db is not self._reader:
            self._db.close()


def _forget_expired(path: str, now: float) -> None:
    """Forget what expired before `now`. What is saved meanwhile stays: each row is asked again when it goes."""
    with (
        contextlib.closing(_connect(path)) as db,
        contextlib.suppress(sqlite3.OperationalError),
    ):  # busy: the next round does it
        old = db.execute("SELECT key FROM session WHERE expires < ?", (now,)).fetchall()
        for at in range(0, len(old), FORGOTTEN_AT_ONCE):
            db.execute("BEGIN IMMEDIATE")
            gone = [(key, now) for (key,) in old[at : at + FORGOTTEN_AT_ONCE]]
            db.executemany("DELETE FROM session WHERE key = ? AND expires < ?", gone)
            db.execute("COMMIT")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    pragmas = (
        f"page_size={PAGE_BYTES}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "wal_autocheckpoint=0",
        "mmap_size=268435456",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _checkpoint(path: str, mode: str) -> None:
    """In a thread: a checkpoint may wait for the disk."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0.2)) as connection:
            connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.Error as why:
        log.warning("sessions.log_not_moved", why=str(why))
