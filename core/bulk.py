"""Many rows at once: executemany on SQLite's driver, binary COPY on PostgreSQL's, inside the caller's transaction.

SQLAlchemy's own insert of a list is two to four times slower on these paths (docs/why.md); everything that is not a batch uses it all
the same. Values pass through the same column types as everywhere else, so a bulk row equals one written the slow way.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Date, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from core.db import Instant

Processor = Callable[[Any], Any] | None


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
        return await _executemany(driver, table, columns, stream, skip_known)
    return await _copy(driver, table, columns, stream, skip_known)


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


async def _executemany(
    driver: Any, table: Table, columns: Sequence[str], rows: Iterator[Sequence[Any]], skip_known: bool
) -> int:
    verb = "INSERT OR IGNORE" if skip_known else "INSERT"
    marks = ", ".join("?" for _ in columns)
    before = driver.total_changes
    await driver.executemany(f"{verb} INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", rows)
    after: int = driver.total_changes
    return after - int(before)


async def _copy(
    driver: Any, table: Table, columns: Sequence[str], rows: Iterator[Sequence[Any]], skip_known: bool
) -> int:
    if not skip_known:
        return _count(await driver.copy_records_to_table(table.name, records=rows, columns=list(columns)))
    names = ", ".join(columns)
    await driver.execute("DROP TABLE IF EXISTS bulk_in")
    await driver.execute(f"CREATE TEMP TABLE bulk_in ON COMMIT DROP AS SELECT {names} FROM {table.name} WITH NO DATA")  # noqa: S608
    await driver.copy_records_to_table("bulk_in", records=rows, columns=list(columns))
    return _count(
        await driver.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM bulk_in ON CONFLICT DO NOTHING")  # noqa: S608
    )


async def update_many(
    conn: AsyncConnection, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Give many rows new values at once. Each of `rows` has the values of `columns`, then those of `keys` (never null)."""
    if not rows:
        return
    names = [*columns, *keys]
    stream = _processed(rows, _processors(conn, table, names))
    driver = await _driver(conn)
    if conn.dialect.name == "sqlite":
        values = ", ".join(f"{name} = ?" for name in columns)
        known = " AND ".join(f"{name} = ?" for name in keys)
        await driver.executemany(f"UPDATE {table.name} SET {values} WHERE {known}", stream)  # noqa: S608 - our own names
        return
    kinds = [table.c[name].type.compile(conn.dialect) for name in names]
    arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(kinds, 1))
    values = ", ".join(f"{name} = given.{name}" for name in columns)
    known = " AND ".join(f"{table.name}.{name} = given.{name}" for name in keys)
    await driver.execute(
        f"UPDATE {table.name} SET {values} FROM unnest({arrays}) AS given ({', '.join(names)}) WHERE {known}",  # noqa: S608
        *map(list, zip(*stream, strict=True)),
    )


def _count(status: str) -> int:
    """`COPY 12` or `INSERT 0 12`: the last word is how many rows."""
    return int(status.rsplit(maxsplit=1)[-1])
