"""The schema's history, run through Alembic on the very connection the house uses (SQLite or PostgreSQL 15 and later)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

HERE = Path(__file__).parent


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(engine: AsyncEngine) -> str:
    """Bring the database to the newest schema, in one transaction; the revision it now has."""
    async with engine.connect() as conn:
        await conn.execution_options(hodi_writes=True)
        async with conn.begin():
            await conn.run_sync(_upgrade)
            return await conn.run_sync(_revision) or ""


async def revision(engine: AsyncEngine) -> str | None:
    """The revision the database has; None before the first upgrade."""
    async with engine.connect() as conn:
        return await conn.run_sync(_revision)
