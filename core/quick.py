"""The cheap read path of a turn: one listed statement, compiled once, run on the driver itself.

A turn has about ten microseconds to spend beyond HTTP, and the ordinary path costs ten to two hundred times that. On SQLite the
statement runs on the loop over a connection of its own (a point read of microseconds that no writer can block, in WAL mode); on
PostgreSQL all callers of one loop tick share one query (`= any($1)`). Everything else uses `db.reading()`.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

import asyncpg
import msgspec
from sqlalchemy import ARRAY, Select, Text, and_, any_, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from core.balances.tables import bucket, bucket_user
from core.db import Database
from core.ledger.tables import balance, ledger_account, open_item
from core.parties.model import medium
from core.parties.tables import account, contact, contact_account

PATIENCE_SECONDS = 4.0
"""A read that takes longer is given up: the customer is told politely, well before the network's ten seconds."""
POOL = 4


class Left(msgspec.Struct, frozen=True, array_like=True):
    """What is free in one bucket: minor units of a currency, else micro-units. Instants as the database writes them (UTC)."""

    priority: int
    expires_at: str | None
    id: int
    name: dict[str, str]
    unit: str
    free: int
    starts_at: str

    def until(self) -> datetime | None:
        """When it ends."""
        return _instant(self.expires_at) if self.expires_at else None

    def alive(self, now: datetime) -> bool:
        """Whether it may be drawn from at this instant."""
        end = self.until()
        return _instant(self.starts_at) <= now and (end is None or now < end)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_lefts = msgspec.json.Decoder(list[Left]).decode


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
    buckets: tuple["Left", ...] = ()
    """What it has beforehand, in the order it is drawn."""


class Quick(Protocol):
    """The listed reads."""

    async def standing(self, channel: str, user: str) -> list[Standing]:
        """The contact and its accounts, by number; empty when we have never met."""

    async def close(self) -> None:
        """Give the connections back."""


def open_quick(db: Database) -> "Quick":
    """The cheap reads of this database; nothing is connected before the first."""
    return QuickSqlite(db) if db.kind == "sqlite" else QuickPostgres(db)


def _book(code: str, asset: Any) -> tuple[Any, Any, Any, Any]:
    """One book of the account and its balance, each with what it is joined by."""
    book, held = ledger_account.alias(f"{code}_book"), balance.alias(f"{code}_held")
    mine = and_(book.c.code == literal_column(f"'{code}'"), book.c.owner_id == account.c.id, book.c.asset == asset)
    return book, mine, held, held.c.ledger_account_id == book.c.id


def _buckets(array: Any, gathered: Any, name: Any) -> Any:
    """All open buckets of the account as one JSON text, by the dialect's own functions: `Left` as an array each."""
    b = bucket.c
    fields = (b.priority, b.expires_at, b.id, name, b.unit, b.amount - b.reserved, b.starts_at)
    found = select(gathered(array(*fields))).join_from(bucket_user, bucket)
    mine = found.where(bucket_user.c.account_id == account.c.id, b.state == literal_column("'open'"))
    return mine.correlate(account).scalar_subquery()


def standing_statement(user: Any, buckets: Any) -> Select[Any]:
    """`user` is the condition on the contact's channel user. A row for each open bill of each account, at least one."""
    owes, owes_on, owed, owed_on = _book("receivable", account.c.currency)
    points, points_on, has, has_on = _book("points", literal_column("'PTS'"))
    unpaid = and_(open_item.c.account_id == account.c.id, open_item.c.open_minor > literal_column("0"))
    return (
        select(
            contact.c.channel_user, contact.c.id, contact.c.party_id, contact.c.language, account.c.id, account.c.number,
            account.c.currency, owed.c.amount, has.c.amount, open_item.c.open_minor, open_item.c.disputed_minor,
            open_item.c.due_on, buckets,
        )
        .select_from(contact)
        .outerjoin(contact_account, contact_account.c.contact_id == contact.c.id)
        .outerjoin(account, account.c.id == contact_account.c.account_id)
        .outerjoin(owes, owes_on)
        .outerjoin(owed, owed_on)
        .outerjoin(points, points_on)
        .outerjoin(has, has_on)
        .outerjoin(open_item, unpaid)
        .where(contact.c.channel == bindparam("channel"), user)
    )  # fmt: skip


def standings(rows: Sequence[Any]) -> list[Standing]:
    """The rows of one contact, an entry an account, by number."""
    if len(rows) == 1:
        return [_standing(rows[0], rows)]
    accounts: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        accounts[row[4]].append(row)
    return sorted((_standing(mine[0], mine) for mine in accounts.values()), key=lambda one: one.number or "")


def _standing(first: Any, rows: Sequence[Any]) -> Standing:
    """One account: each row has another of its open bills."""
    _, contact_id, party_id, language, account_id, number, currency, owed, points, *_, held = first
    all_disputed, earliest = 0, None
    for row in rows:
        _, _, _, _, _, _, _, _, _, unpaid, disputed, due, _ = row
        if due is not None:
            all_disputed += disputed
            if unpaid > disputed and (earliest is None or due < earliest):
                earliest = due
    if isinstance(earliest, str):
        earliest = date.fromisoformat(earliest)
    lefts = tuple(sorted(_lefts(held), key=_drawn)) if held and held != "[]" else ()
    return Standing(
        contact_id,
        party_id,
        language,
        account_id,
        number,
        currency,
        (owed or 0) - all_disputed,
        points or 0,
        earliest,
        lefts,
    )


def _drawn(left: Left) -> tuple[int, str, int]:
    """The order in which buckets are drawn."""
    return left.priority, left.expires_at or "9999", left.id


class QuickSqlite:
    """Reads on the loop, over a connection that cannot write."""

    def __init__(self, db: Database) -> None:
        self.path = str(db.url.database)
        self._connection: sqlite3.Connection | None = None
        held = _buckets(func.json_array, func.json_group_array, func.json(bucket.c.name))
        statement = standing_statement(contact.c.channel_user == bindparam("user"), held)
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"))
        assert compiled.positiontup == ["channel", "user"]
        self._sql, self._reading = str(compiled), False

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.05)
        for pragma in ("query_only=ON", "mmap_size=268435456", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        self._connection = connection
        return connection

    async def standing(self, channel: str, user: str) -> list[Standing]:
        """See `Quick.standing`."""
        connection = self._connection or self._connected()
        if not self._reading:
            self._reading = True
            connection.execute("BEGIN")
            asyncio.get_running_loop().call_soon(self._read)
        rows = connection.execute(self._sql, (medium(channel), user)).fetchall()
        return standings(rows) if rows else []

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
    """Reads grouped by loop tick."""

    def __init__(self, db: Database) -> None:
        self.dsn = db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._asked: dict[str, dict[str, asyncio.Future[list[Standing]]]] = defaultdict(dict)
        self._running: set[asyncio.Task[None]] = set()
        held = _buckets(func.json_build_array, func.json_agg, bucket.c.name)
        statement = standing_statement(contact.c.channel_user == any_(bindparam("users", type_=ARRAY(Text))), held)
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
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(row)
        for user, waiting in group.items():
            waiting.set_result(standings(found[user]) if user in found else [])

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
