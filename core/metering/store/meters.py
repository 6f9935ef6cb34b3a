"""Meters as they are hung and taken down: the statements that enter and end them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.bulk import insert_many, update_many
from core.metering.tables import meter

COLUMNS = (
    "id", "serial", "service_id", "code", "unit", "kind", "dials", "multiplier_micro", "interval_minutes", "installed_on", "removed_on",
    "registers",
)  # fmt: skip
"""The order of the values of a new meter."""


async def add(conn: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Meters that hang from now on, their values in the order of `COLUMNS`."""
    await insert_many(conn, meter, COLUMNS, rows)


async def change(conn: AsyncConnection, rows: Sequence[tuple[date | None, str | None, int]]) -> None:
    """(removed on, registers, meter) of those that were taken down or got their registers."""
    await update_many(conn, meter, ("id",), ("removed_on", "registers"), rows)
