"""Temporary tables of a partition: a few plain values per row go in, and one INSERT ... SELECT writes the real rows.

Constant texts (labels, dates, states) never pass through the driver row by row; that is what makes a run twice as fast on SQLite.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Date, MetaData, Table, Text, cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

_temporary = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _temporary, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS")


new_invoice = _table(
    "new_invoice",
    Column("id", BigInteger),
    Column("account_id", BigInteger),
    Column("from_date", Date),
    Column("total_minor", BigInteger),
    Column("tax_minor", BigInteger),
    Column("rounding_minor", BigInteger),
    Column("reward_minor", BigInteger),
    Column("estimated", Boolean),
    Column("token", Text),
    Column("facts", Text),
)

new_line = _table(
    "new_line",
    Column("invoice_id", BigInteger),
    Column("position", BigInteger),
    Column("service_id", BigInteger),
    Column("spec", BigInteger),
    Column("quantity_micro", BigInteger),
    Column("amount_minor", BigInteger),
)

new_spec = _table(
    "new_spec",
    Column("spec", BigInteger),
    Column("code", Text),
    Column("label", Text),
    Column("unit", Text),
    Column("price", Text),
    Column("kind", Text),
    Column("part_of", Text),
)

closing = _table(
    "closing",
    Column("n", BigInteger),
    Column("cycle_id", BigInteger),
    Column("invoice_id", BigInteger),
    Column("account_id", BigInteger),
    Column("total_minor", BigInteger),
    Column("tax_minor", BigInteger),
    Column("rounding_minor", BigInteger),
    Column("reward_minor", BigInteger),
    Column("before_minor", BigInteger),
    Column("book_id", BigInteger),
)


async def fresh(conn: AsyncConnection, *tables: Table) -> None:
    """The temporary tables, there and empty."""
    for table in tables:
        await conn.execute(CreateTable(table, if_not_exists=True))
        await conn.execute(table.delete())


def as_json(conn: AsyncConnection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Staged JSON text as the database's own JSON (on SQLite it is text all along)."""
    return cast(column, JSONB) if conn.dialect.name == "postgresql" else column
