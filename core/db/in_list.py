"""A question about many at once: `in_list(conn, column, values)` is one statement whatever the number of values.

An `IN (?, ?, ...)` has a limit of parameters and a plan of its own for every length; an array (PostgreSQL) or a JSON list
(SQLite) has neither.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection


def in_list(
    conn: AsyncConnection, column: ColumnElement[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """`column IN values` for any number of integers or texts."""
    if conn.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))
