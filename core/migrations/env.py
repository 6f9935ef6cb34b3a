"""Alembic's entry: runs on the connection that `core.migrations.upgrade` handed in."""

from alembic import context

from core.db.engine import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
