"""One scheduler leads at a time; the others stand by and take over when it dies.

PostgreSQL: an advisory lock on a connection of its own (never a pooled one: a lock would outlive its holder there), which the server
frees the moment the holder's process dies. SQLite: a lock on a file beside the database, freed by the kernel likewise. Everything
a leader does is safe to be done twice, so the instant between two leaders is harmless.
"""

import asyncio
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy.engine import URL

from core.db.engine import Database

LOCK = 0x686F_6469
"""The number of the advisory lock: `hodi`. Locks belong to one database, and a database to one operator."""
PATIENCE_SECONDS = 5


class Leader(Protocol):
    """A claim to be the one who leads."""

    async def try_to_lead(self) -> bool:
        """Take the lead if nobody has it."""

    async def still_leads(self) -> bool:
        """Whether the lead is still ours; asked every second."""

    async def resign(self) -> None:
        """Give the lead up at once."""


def leader_for(db: Database) -> Leader:
    """How this database knows its leader."""
    return PostgresLeader(db.url) if db.kind == "postgresql" else FileLeader(_beside(db.url))


def _beside(url: URL) -> Path:
    return Path(f"{url.database or 'hodi.db'}.leader")


class FileLeader:
    """The lead as a lock on a file; the operating system frees it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    async def try_to_lead(self) -> bool:
        """Take the lock if nobody holds it."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    async def still_leads(self) -> bool:
        """Until we let go; a file that was deleted under us is another's to lock."""
        if self._file is None:
            return False
        try:
            return os.fstat(self._file).st_ino == self.path.stat().st_ino
        except FileNotFoundError:
            return False

    async def resign(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class PostgresLeader:
    """The lead as an advisory lock of a connection of its own."""

    def __init__(self, url: URL) -> None:
        self.dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._conn: asyncpg.Connection | None = None

    async def try_to_lead(self) -> bool:
        """Take the lock if nobody holds it; a database that cannot be reached gives no lead."""
        try:
            if self._conn is None or self._conn.is_closed():
                self._conn = await asyncpg.connect(self.dsn, timeout=PATIENCE_SECONDS)
            return bool(await self._conn.fetchval("SELECT pg_try_advisory_lock($1)", LOCK, timeout=PATIENCE_SECONDS))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self.resign()
            return False

    async def still_leads(self) -> bool:
        """While the connection answers, the lock is ours."""
        if self._conn is None:
            return False
        try:
            await self._conn.fetchval("SELECT 1", timeout=PATIENCE_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def resign(self) -> None:
        """Close the connection, and the lock with it."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(OSError, TimeoutError, asyncio.CancelledError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await conn.close(timeout=1)
            conn.terminate()
