"""Who may use the ops side: people with a role for the console, keys with a role for machines. Secrets are stored hashed."""

from sqlalchemy import BigInteger, Column, Table, Text

from core.db.engine import Instant, metadata

api_key = Table(
    "api_key",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("prefix", Text, nullable=False, unique=True),  # the part shown in lists
    Column("hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("branch", Text),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

staff = Table(
    "staff",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("branch", Text),
    Column("hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("locked_until", Instant),  # to strangers; browsers in which they have signed in go on
    Column("disabled_at", Instant),  # may not sign in, and no session of theirs is believed
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("staff_id", BigInteger, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)
