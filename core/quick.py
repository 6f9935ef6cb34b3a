"""The cheap read path of a turn: one listed statement, compiled once, run on the driver itself.

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
import msgspec
from sqlalchemy import ARRAY, Select, Text, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from core.db import Database
from core.ledger.tables import balance, ledger_account, open_item
from core.parties.model import medium
from core.parties.tables import account, contact, contact_account

PATIENCE_SECONDS = 4.0
"""A read that takes longer is given up: the customer is told politely, well before the network's ten seconds."""
POOL = 4


class Standing(msgspec.Struct, frozen=True):
    """How one account of a contact stands; without an account when the contact has none."""

    contact_id: int
    party_id: int | None
    language: str
    account_id: int | None
    number: str | None
    currency: str | None
    owed_minor: int
    """Without what is held by a dispute. Negative: to the customer's credit."""
    points: int
    due_on: date | None
    """The earliest due day of what is open and not disputed."""


class Quick(Protocol):
    """The listed reads."""

    async def standing(self, channel: str, user: str) -> list[Standing]:
        """The contact and its accounts, by number; empty when we have never met."""

    async def close(self) -> None:
        """Give the connections back."""


def open_quick(db: Database) -> "Quick":
    """The cheap reads of this database; nothing is connected before the first."""
    return QuickSqlite(db) if db.kind == "sqlite" else QuickPostgres(db)


def _held(code: str, asset: Any) -> Any:
    """The balance of one book of the account."""
    return (
        select(balance.c.amount)
        .join(ledger_account, ledger_account.c.id == balance.c.ledger_account_id)
        .where(
            ledger_account.c.code == literal_column(f"'{code}'"),
            ledger_account.c.owner_id == account.c.id,
            ledger_account.c.asset == asset,
        )
        .correlate(account)
        .scalar_subquery()
    )


def standing_statement(user: Any) -> Select[Any]:
    """`user` is the condition on the contact's channel user. Columns: the user, then `Standing` in order."""
    mine = (open_item.c.account_id == account.c.id) & (open_item.c.open_minor > open_item.c.disputed_minor)
    due = select(func.min(open_item.c.due_on)).where(mine).correlate(account).scalar_subquery()
    held = (
        select(func.sum(open_item.c.disputed_minor))
        .where(open_item.c.account_id == account.c.id, open_item.c.open_minor > literal_column("0"))
        .correlate(account)
        .scalar_subquery()
    )
    return (
        select(
            contact.c.channel_user, contact.c.id, contact.c.party_id, contact.c.language, account.c.id, account.c.number,
            account.c.currency, _held("receivable", account.c.currency), _held("points", literal_column("'PTS'")), held, due,
        )
        .select_from(contact)
        .outerjoin(contact_account, contact_account.c.contact_id == contact.c.id)
        .outerjoin(account, account.c.id == contact_account.c.account_id)
        .where(contact.c.channel == bindparam("channel"), user)
        .order_by(contact.c.id, account.c.number)
    )  # fmt: skip


def _standing(row: Any) -> Standing:
    _, contact_id, party_id, language, account_id, number, currency, owed, points, held, due = row
    day = date.fromisoformat(due) if isinstance(due, str) else due
    owed = (owed or 0) - (held or 0)
    return Standing(contact_id, party_id, language, account_id, number, currency, owed, points or 0, day)


class QuickSqlite:
    """Reads on the loop, over a connection that cannot write."""

    def __init__(self, db: Database) -> None:
        self.path = str(db.url.database)
        self._connection: sqlite3.Connection | None = None
        compiled = standing_statement(contact.c.channel_user == bindparam("user")).compile(
            dialect=sqlite.dialect(paramstyle="named")
        )
        self._sql = str(compiled)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.05)
            for pragma in ("query_only=ON", "mmap_size=268435456", "cache_size=-16000"):
                self._connection.execute(f"PRAGMA {pragma}")
        return self._connection

    async def standing(self, channel: str, user: str) -> list[Standing]:
        """See `Quick.standing`."""
        rows = self._connected().execute(self._sql, {"channel": medium(channel), "user": user}).fetchall()
        return [_standing(row) for row in rows]

    async def close(self) -> None:
        """See `Quick.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class QuickPostgres:
    """Reads grouped by loop tick."""

    def __init__(self, db: Database) -> None:
        self.dsn = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._asked: dict[str, dict[str, asyncio.Future[list[Standing]]]] = defaultdict(dict)
        self._running: set[asyncio.Task[None]] = set()
        statement = standing_statement(contact.c.channel_user == any_(bindparam("users", type_=ARRAY(Text))))
        compiled = statement.compile(dialect=postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]
        self._sql, self._order = str(compiled), list(compiled.positiontup or ())

    async def standing(self, channel: str, user: str) -> list[Standing]:
        """See `Quick.standing`."""
        loop = asyncio.get_running_loop()
        group = self._asked[medium(channel)]
        if not group:
            loop.call_soon(self._ask, medium(channel))
        waiting = group.get(user)
        if waiting is None:
            waiting = group[user] = loop.create_future()
        return await asyncio.shield(waiting)

    def _ask(self, channel: str) -> None:
        task = asyncio.get_running_loop().create_task(self._run(channel, self._asked.pop(channel)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, channel: str, group: dict[str, asyncio.Future[list[Standing]]]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                pool = await self._connected()
                given = {"channel": channel, "users": list(group)}
                rows = await pool.fetch(self._sql, *[given[name] for name in self._order])
        except Exception as why:
            for waiting in group.values():
                waiting.set_exception(why)
            return
        found: dict[str, list[Standing]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(_standing(row))
        for user, waiting in group.items():
            waiting.set_result(found[user])

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
