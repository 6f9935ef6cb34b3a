"""The migrations and the tables say the same, on both databases, and the guards hold."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from core.db.engine import Database
from core.migrations.schema import metadata

PARTITIONED = ("usage", "posting", "invoice_line", "usage_event")
APPEND_ONLY = (
    "journal",
    "posting",
    "audit",
    "ticket_event",
    "seal",
    "tariff_version",
    "allocation",
    "bucket_movement",
    "consent",
    "interaction",
)


def _differences(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"compare_type": True, "include_name": ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_migrations_equal_the_tables(db: Database) -> None:
    async with db.reading() as conn:
        assert await conn.run_sync(_differences) == []


@pytest.mark.parametrize("table", sorted({*APPEND_ONLY} - {"ticket_event", "allocation", "consent"}))
async def test_what_is_append_only_cannot_be_deleted(db: Database, table: str) -> None:
    rows = {
        "journal": "(id, key, kind, booked_on, at, details) VALUES (1, 'k', 'x', '2026-01-01', '2026-01-01 00:00:00', '{}')",
        "posting": "(id, journal_id, source_id, destination_id, amount, asset, why, booked_on) VALUES (1, 1, 1, 2, 5, 'KES', 'x', '2026-01-01')",
        "audit": "(id, at, actor, action, subject, details) VALUES (1, '2026-01-01 00:00:00', 'a', 'b', 'c', '{}')",
        "seal": "(id, spans, postings, digest, at) VALUES (1, '[[1, 1]]', 1, 'd', '2026-01-01 00:00:00')",
        "interaction": "(id, channel, direction, kind, text, at) VALUES (1, 'sms', 'in', 'turn', 'x', '2026-01-01 00:00:00')",
        "bucket_movement": "(id, bucket_id, key, kind, amount, why, at) VALUES (1, 1, 'k', 'used', -1, '', '2026-01-01 00:00:00')",
        "tariff_version": "(id, code, valid_from, revision, document, digest, loaded_at, loaded_by) VALUES (1, 'c', '2026-01-01', 1, 'd', 'd', '2026-01-01 00:00:00', 'x')",
    }
    async with db.writing() as conn:
        await conn.execute(text(f"INSERT INTO {table} {rows[table]}"))
    for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET id = 2"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with db.writing() as conn:
                await conn.execute(text(verb))


async def test_big_tables_are_partitioned_on_postgresql(db: Database) -> None:
    if db.kind == "sqlite":
        return
    async with db.reading() as conn:
        rows = await conn.execute(text("SELECT relname FROM pg_class WHERE relkind = 'p'"))
        assert {row[0] for row in rows} == set(PARTITIONED)
