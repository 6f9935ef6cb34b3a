"""The cheap read path of a turn: the statements of `core/summary/account_summary.py`, compiled once, run on the driver itself.

A turn has about ten microseconds to spend beyond HTTP, and the ordinary path costs ten to two hundred times that. On SQLite the
statement runs on the loop over a connection of its own (a point read of microseconds that no writer can block, in WAL mode); on
PostgreSQL all callers of one loop tick share one query (`= any($1)`). Everything else uses `db.reading()`.
"""

import asyncio
import sqlite3
from collections import defaultdict
from datetime import date
from typing import Any, Protocol

import asyncpg
from sqlalchemy import ARRAY, Text, any_, bindparam, func
from sqlalchemy.dialects import postgresql, sqlite

from core.balances.tables import bucket
from core.db.engine import Database
from core.parties.model import medium
from core.parties.tables import contact
from core.summary.account_summary import AccountSummary, held_buckets, offers_statement, standing_statement, standings

PATIENCE_SECONDS = 2.5
"""A read that takes longer is given up: the customer is told politely within three seconds."""
BROKEN = (asyncpg.InterfaceError, asyncpg.PostgresConnectionError, ConnectionError)
"""A kept connection that died while nobody looked: worth one more try on another."""
POOL = 4
AT_ONCE = 2
"""Grouped reads under way for one medium; who asks meanwhile shares the next one, so that groups grow with the load."""


class Quick(Protocol):
    """The listed reads."""

    async def standing(self, channel: str, user: str) -> list[AccountSummary]:
        """The contact and its accounts, by number; empty when we have never met."""

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """Whether the account has a dial its owner may read, and whether it is prepaid."""

    async def close(self) -> None:
        """Give the connections back."""


def open_quick(db: Database) -> "Quick":
    """The cheap reads of this database; nothing is connected before the first."""
    return QuickSqlite(db) if db.kind == "sqlite" else QuickPostgres(db)


class QuickSqlite:
    """Reads on the loop, over a connection that cannot write."""

    def __init__(self, db: Database) -> None:
        self.path = str(db.url.database)
        self._connection: sqlite3.Connection | None = None
        held = held_buckets(func.json_array, func.json_group_array, func.json(bucket.c.name))
        statement = standing_statement(contact.c.channel_user == bindparam("user"), held)
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
        assert compiled.positiontup == ["channel", "user"]
        self._sql, self._reading = str(compiled), False
        offers = offers_statement().compile(dialect=sqlite.dialect(paramstyle="named"))
        self._offers = str(offers)

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.05)
        for pragma in ("query_only=ON", "mmap_size=268435456", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        self._connection = connection
        return connection

    async def standing(self, channel: str, user: str) -> list[AccountSummary]:
        """See `Quick.standing`."""
        rows = self._look().execute(self._sql, (medium(channel), user)).fetchall()
        return standings(rows) if rows else []

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """See `Quick.offers`."""
        given = {"account": account_id, "today": today.isoformat()}
        reads, prepaid = self._look().execute(self._offers, given).fetchone()
        return bool(reads), bool(prepaid)

    def _look(self) -> sqlite3.Connection:
        connection = self._connection or self._connected()
        if not self._reading:
            self._reading = True
            connection.execute("BEGIN")
            asyncio.get_running_loop().call_soon(self._read)
        return connection

    def _read(self) -> None:
        """All reads of a loop tick share one look at the file: a lock costs more than a read."""
        self._reading = False
        if self._connection is not None:
            self._connection.execute("COMMIT")

    async def close(self) -> None:
        """See `Quick.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class QuickPostgres:
    """Reads grouped by loop tick, and under load by what was asked while others were under way."""

    def __init__(self, db: Database) -> None:
        self.dsn = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._asked: dict[str, dict[str, asyncio.Future[list[AccountSummary]]]] = defaultdict(dict)
        self._under_way: dict[str, set[asyncio.Task[None]]] = defaultdict(set)
        held = held_buckets(func.json_build_array, func.json_agg, bucket.c.name)
        statement = standing_statement(contact.c.channel_user == any_(bindparam("users", type_=ARRAY(Text))), held)
        compiled = statement.compile(dialect=postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]  # theirs
        self._sql, self._order = str(compiled), list(compiled.positiontup or ())
        offers = offers_statement().compile(dialect=postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]  # theirs
        self._offers, self._offers_order = str(offers), list(offers.positiontup or ())

    async def standing(self, channel: str, user: str) -> list[AccountSummary]:
        """See `Quick.standing`."""
        loop, by = asyncio.get_running_loop(), medium(channel)
        group = self._asked[by]
        if not group and len(self._under_way[by]) < AT_ONCE:
            loop.call_soon(self._ask, by)
        waiting = group.get(user)
        if waiting is None:
            waiting = group[user] = loop.create_future()
        return await asyncio.shield(waiting)

    def _ask(self, by: str) -> None:
        group = self._asked.pop(by, None)
        if not group:
            return  # another's end was quicker to ask for them
        task = asyncio.get_running_loop().create_task(self._run(by, group))
        self._under_way[by].add(task)
        task.add_done_callback(lambda done: self._next(by, done))

    def _next(self, by: str, done: "asyncio.Task[None]") -> None:
        self._under_way[by].discard(done)
        if self._asked[by] and len(self._under_way[by]) < AT_ONCE:
            self._ask(by)

    async def _run(self, channel: str, group: dict[str, asyncio.Future[list[AccountSummary]]]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                given = {"channel": channel, "users": list(group)}
                rows = await self._rows(self._sql, [given[name] for name in self._order])
        except Exception as why:
            for waiting in group.values():
                waiting.set_exception(why)
            return
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(row)
        for user, waiting in group.items():
            waiting.set_result(standings(found[user]) if user in found else [])

    async def offers(self, account_id: int, today: date) -> tuple[bool, bool]:
        """See `Quick.offers`."""
        given = {"account": account_id, "today": today}
        async with asyncio.timeout(PATIENCE_SECONDS):
            [row] = await self._rows(self._offers, [given[name] for name in self._offers_order])
        return row[0], row[1]

    async def _rows(self, sql: str, given: list[Any]) -> list[Any]:
        pool = await self._connected()
        try:
            return list(await pool.fetch(sql, *given))
        except BROKEN:
            return list(await pool.fetch(sql, *given))

    async def _connected(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.dsn, min_size=1, max_size=POOL, timeout=PATIENCE_SECONDS, command_timeout=PATIENCE_SECONDS
                )
        return self._pool

    async def close(self) -> None:
        """See `Quick.close`."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
