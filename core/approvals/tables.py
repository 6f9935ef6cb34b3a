"""What waits for a second person, and who decided what when."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from core.db.engine import Instant, Json, metadata

approval = Table(
    "approval",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # refund, cash_difference ...: whose verb carries it out
    Column("subject", Text, nullable=False),  # refund:<id>
    Column("payload", Json, nullable=False),
    Column("seal", Text, nullable=False),
    Column("maker", Text, nullable=False),
    Column("branch_id", BigInteger),
    Column("state", Text, nullable=False),  # waiting, granted, refused
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("checker", Text),
    Column("note", Text),
    Column("decided_at", Instant),
    Index("ix_approval_state", "state", "made_at"),
    Index("ix_approval_subject", "subject"),
)
