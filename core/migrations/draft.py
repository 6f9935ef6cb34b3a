"""Draws revision 0001 anew from the tables: `python -m core.migrations.draft`. Only until the first release.

After it, a change of a table is a new file in `versions/`, and this tool goes.
"""

from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy.types import TypeDecorator

from core.db.engine import metadata
from core.migrations import HERE

HEAD = '''"""The house: every table of the spine, its append-only triggers and default partitions.

Drawn by `python -m core.migrations.draft` from the rooms' `tables.py`; tests/core/migrations proves that they are equal.
"""
# fmt: off

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from core.db.engine import Instant
from core.migrations.guards import guards_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the house."""
    '''
TAIL = """
    for statement in guards_1(op.get_bind().dialect.name):
        op.execute(statement)
"""


def _plain_types(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(thing, TypeDecorator):
        return "Instant()"
    return False


def main() -> None:
    """Write versions/0001_the_house.py."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as conn:
        options = {"render_item": _plain_types, "target_metadata": metadata}
        script = produce_migrations(MigrationContext.configure(conn, opts=options), metadata)
    if script.upgrade_ops is None:
        raise RuntimeError("there are no tables to draw")
    code = render_python_code(script.upgrade_ops, render_as_batch=False, render_item=_plain_types)
    body = "\n".join(line for line in code.splitlines() if not line.strip().startswith("#")).strip()
    (HERE / "versions" / "0001_the_house.py").write_text(HEAD + body + TAIL, "utf-8")


if __name__ == "__main__":
    main()
