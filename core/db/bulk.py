"""Many rows at once: a statement of many rows on SQLite's driver, binary COPY on PostgreSQL's, inside the caller's transaction.

On SQLite a statement for a hundred rows also spares a hundred waits for the interpreter, which the driver's thread gives away at
each: beside a busy loop those cost more than the rows. SQLAlchemy's own insert of a list is two to four times slower on these paths (docs/why.md); everything that is not a batch uses it all
the same. Values pass through the same column types as everywhere else, so a bulk row equals one written the slow way.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from sqlalchemy import JSON, Date, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from core.db.engine import Instant

Processor = Callable[[Any], Any] | None
ROWS = (200, 20)
"""Rows of one statement on SQLite, the most first; what is left over goes one by one."""
FEW = 1000
"""So many rows that may be known already go to PostgreSQL as arrays: a temporary table costs it more than they do."""


async def insert_many(
    conn: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    skip_known: bool = False,
) -> int:
    """Insert `rows` (values in the order of `columns`); how many were new.

    `skip_known` leaves out rows that a unique constraint already knows instead of failing.
    """
    processors = _processors(conn, table, columns)
    stream = _processed(rows, processors)
    driver = await _driver(conn)
    if conn.dialect.name == "sqlite":
        return await _inserted(driver, table, columns, stream, skip_known)
    return await _copy(conn, driver, table, columns, stream, skip_known)


async def _driver(conn: AsyncConnection) -> Any:
    """The driver's own connection, inside the transaction: SQLAlchemy begins one on PostgreSQL only at its first statement."""
    driver = (await conn.get_raw_connection()).driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    if conn.dialect.name == "postgresql" and not driver.is_in_transaction():
        await conn.execute(text("SELECT 1"))
    return driver


def _processors(conn: AsyncConnection, table: Table, columns: Sequence[str]) -> list[Processor]:
    dialect = conn.dialect
    kinds = [table.c[name].type for name in columns]
    return [_thrifty(kind, kind.dialect_impl(dialect).bind_processor(dialect)) for kind in kinds]


def _thrifty(kind: TypeEngine[Any], process: Processor) -> Processor:
    """The same date stands in row after row, and most JSON is empty: neither is written out again each time."""
    if process is None:
        return None
    if isinstance(kind, JSON):
        empty = process({})
        return lambda value: empty if value == {} else process(value)
    if isinstance(kind, (Date, Instant)):
        last: Any = None
        said: Any = process(None)

        def again(value: Any) -> Any:
            nonlocal last, said
            if value is not last:
                last, said = value, process(value)
            return said

        return again
    return process


def _processed(rows: Iterable[Sequence[Any]], processors: list[Processor]) -> Iterator[Sequence[Any]]:
    work = [(at, process) for at, process in enumerate(processors) if process is not None]
    if not work:
        yield from rows
        return
    for row in rows:
        values = list(row)
        for at, process in work:
            values[at] = process(values[at])
        yield tuple(values)


async def _inserted(
    driver: Any, table: Table, columns: Sequence[str], rows: Iterator[Sequence[Any]], skip_known: bool
) -> int:
    before: int = driver.total_changes
    verb = "INSERT OR IGNORE" if skip_known else "INSERT"
    into = f"{verb} INTO {table.name} ({', '.join(columns)}) VALUES "
    await _by_many(driver, rows, lambda count: into + _marks(len(columns), count))
    after: int = driver.total_changes
    return after - before


async def _by_many(driver: Any, rows: Iterator[Sequence[Any]], statement: Callable[[int], str]) -> None:
    """All rows, by a statement of so many at a time."""
    some: list[Sequence[Any]] = []
    for size in ROWS:
        rows, some = chain(some, rows), []
        while len(some := list(islice(rows, size))) == size:
            await driver.execute(statement(size), list(chain.from_iterable(some)))
    if some:
        await driver.executemany(statement(1), some)


@lru_cache(maxsize=128)
def _marks(columns: int, rows: int) -> str:
    """`(?, ?), (?, ?)`: so many columns, so many rows."""
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


async def _copy(
    conn: AsyncConnection,
    driver: Any,
    table: Table,
    columns: Sequence[str],
    rows: Iterator[Sequence[Any]],
    skip_known: bool,
) -> int:
    if not skip_known:
        return _count(await driver.copy_records_to_table(table.name, records=rows, columns=list(columns)))
    names, some = ", ".join(columns), list(islice(rows, FEW))
    if len(some) < FEW:
        return await _few(conn, driver, table, columns, some)
    await driver.execute("DROP TABLE IF EXISTS bulk_in")
    await driver.execute(f"CREATE TEMP TABLE bulk_in ON COMMIT DROP AS SELECT {names} FROM {table.name} WITH NO DATA")  # noqa: S608
    await driver.copy_records_to_table("bulk_in", records=chain(some, rows), columns=list(columns))
    return _count(
        await driver.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM bulk_in ON CONFLICT DO NOTHING")  # noqa: S608
    )


async def _few(
    conn: AsyncConnection, driver: Any, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> int:
    if not rows:
        return 0
    given, values = _arrays(conn, table, columns, rows)
    names = ", ".join(columns)
    answer = await driver.execute(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {given} ON CONFLICT DO NOTHING",  # noqa: S608
        *values,
    )
    return _count(answer)


def _arrays(
    conn: AsyncConnection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Rows as a table `given` in an SQL statement, and its values: an array for a column, but one value for what is the same in all."""
    kinds = [table.c[name].type.compile(conn.dialect) for name in columns]
    arrays: list[str] = []
    names: list[str] = []
    same: list[str] = []
    values: list[Any] = []
    for at, (name, kind, column) in enumerate(zip(columns, kinds, map(list, zip(*rows, strict=True)), strict=True), 1):
        if at < len(columns) and column.count(column[0]) == len(column):
            same.append(f"${at}::{kind} AS {name}")
            values.append(column[0])
        else:
            names.append(name)
            arrays.append(f"${at}::{kind}[]")
            values.append(column)
    constants = f", {', '.join(same)}" if same else ""
    rest = f"unnest({', '.join(arrays)}) AS given ({', '.join(names)})"
    return (f"(SELECT given.*{constants} FROM {rest}) AS given", values)  # noqa: S608


async def update_many(
    conn: AsyncConnection, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Give many rows new values at once. Each of `rows` has the values of `columns`, then those of `keys` (never null, and no two rows
    with the same)."""
    if not rows:
        return
    names = [*columns, *keys]
    stream = _processed(rows, _processors(conn, table, names))
    driver = await _driver(conn)
    if conn.dialect.name == "sqlite":
        await _updated(driver, table, keys, columns, stream)
        return
    given, arrays = _arrays(conn, table, names, list(stream))
    values = ", ".join(f"{name} = given.{name}" for name in columns)
    known = " AND ".join(f"{table.name}.{name} = given.{name}" for name in keys)
    await driver.execute(f"UPDATE {table.name} SET {values} FROM {given} WHERE {known}", *arrays)  # noqa: S608 - our own names


async def _updated(
    driver: Any, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Iterator[Sequence[Any]]
) -> None:
    names = [*columns, *keys]
    values = ", ".join(f"{name} = given.{name}" for name in columns)
    known = " AND ".join(f"{table.name}.{name} = given.{name}" for name in keys)

    def statement(count: int) -> str:
        return (
            f"WITH given ({', '.join(names)}) AS (VALUES {_marks(len(names), count)}) "  # noqa: S608 - our own names
            f"UPDATE {table.name} SET {values} FROM given WHERE {known}"
        )

    await _by_many(driver, rows, statement)


def _count(status: str) -> int:
    """`COPY 12` or `INSERT 0 12`: the last word is how many rows."""
    return int(status.rsplit(maxsplit=1)[-1])
