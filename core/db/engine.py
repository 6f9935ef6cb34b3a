"""One door to the database: `reading()` and `writing()`, the same on SQLite and PostgreSQL.

On SQLite a writer begins IMMEDIATE (the driver's default loses updates) and queues on a lock of this process instead of
spinning on a busy file; on PostgreSQL locks are unique constraints and row locks, so READ COMMITTED suffices. Use cases take
an open connection and never commit: the edge that opened `writing()` decides what is one transaction.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import asyncpg
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, MetaData, Row, Table, event, exc, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

from core.ids import Ids, allot

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of every room hangs here; `core/migrations` is checked against it."""

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever columns."""

Json = JSON().with_variant(JSONB(), "postgresql")


@compiles(BigInteger, "sqlite")
def _row_number(_type: BigInteger, _compiler: Any, **_given: Any) -> str:
    """SQLite's INTEGER has 64 bits too, and as a primary key it is the row's own number: no index beside the table, one search less."""
    return "INTEGER"


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite would return it naive, and would store any zone as it came."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone: an instant must be aware")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


AWAY = (
    exc.DBAPIError, exc.TimeoutError, OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError
)  # fmt: skip
"""What a database that is not there looks like, by whatever way it is asked. (`TimeoutError` is an `OSError`.)"""

_in_writing: ContextVar[bool] = ContextVar("in_writing", default=False)
SPARE_IDS = 1_000
"""How many ids are surely at hand inside `writing()`; a use that takes more calls `db.ids.reserve` first."""


class Database:
    """An engine, its id blocks, and the two ways in."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.kind = self.url.get_backend_name()
        self.engine = _engine(url)
        self.ids = Ids()
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions: one consistent view on SQLite, read committed on PostgreSQL. Nothing is kept."""
        async with self.engine.connect() as conn:
            yield conn

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises. Not to be nested."""
        if _in_writing.get():
            raise RuntimeError("writing() inside writing(): pass the open connection down instead")
        await self.reserve_ids(SPARE_IDS)
        token = _in_writing.set(True)
        try:
            if self.kind == "sqlite":
                async with self._writer, self._transaction() as conn:
                    yield conn
            else:
                async with self._transaction() as conn:
                    yield conn
        finally:
            _in_writing.reset(token)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as conn:
            await conn.execution_options(hodi_writes=True)
            async with conn.begin():
                yield conn

    async def answers(self) -> None:
        """Raises when the database does not answer."""
        async with self.reading() as conn:
            await conn.execute(text("SELECT 1"))

    async def reserve_ids(self, spare: int) -> None:
        """See to it that `spare` ids can be taken without touching the database (their own transaction: never re-issued)."""
        missing = spare - self.ids.spare
        if missing > 0:
            count = max(missing, 10 * SPARE_IDS)
            async with self._writer, self._transaction() as conn:
                self.ids.add(await allot(conn, count), count)

    async def id_block(self, count: int) -> int:
        """The first of `count` consecutive ids (their own transaction), for set statements that number their own rows."""
        async with self._writer, self._transaction() as conn:
            return await allot(conn, count)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


def _read_json(text: str) -> Any:
    """Most JSON is empty: it is not parsed each time."""
    return {} if text == "{}" else json.loads(text)


def _engine(url: str) -> AsyncEngine:
    given: dict[str, Any] = {
        "pool_size": 10,
        "max_overflow": 20,
        "hide_parameters": True,
        "json_deserializer": _read_json,
    }
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True, **given)
    engine = create_async_engine(url, connect_args={"isolation_level": None}, **given)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(conn: Any) -> None:
        writes = conn.get_execution_options().get("hodi_writes")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def insert(conn: AsyncConnection, table: Table) -> Any:
    """The dialect's own INSERT, which both have with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(table)
