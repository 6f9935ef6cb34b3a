"""What providers report, where the three sides differ, which days are closed, and the summaries the finance system takes.

A difference is known by what it is about for ever: found again it is the same, and what has come right is cleared, not deleted.
"""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, Text, UniqueConstraint

from core.db.engine import Instant, Json, metadata

provider_line = Table(
    "provider_line",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("key", Text, nullable=False),  # the provider's own id of the line
    Column("txn", Text, nullable=False),
    Column("kind", Text, nullable=False),  # payment, refund, chargeback, fee
    Column("gross_minor", BigInteger, nullable=False),  # negative: went back
    Column("fee_minor", BigInteger, nullable=False),
    Column("net_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("payout", Text),  # the transfer to our bank that it is part of
    UniqueConstraint("provider", "key"),
    Index("ix_provider_line_txn", "provider", "txn"),
    Index("ix_provider_line_day", "happened_on"),
    Index("ix_provider_line_payout", "provider", "payout"),
)

difference = Table(
    "difference",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # kind:provider:what it is about
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("branch_id", BigInteger),
    Column("about", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),  # theirs less ours
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),  # late, open, asked, explained, cleared
    Column("note", Text),
    Column("approval_id", BigInteger),
    Column("found_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("settled_by", Text),
    Index("ix_difference_state", "state", "day"),
    Index("ix_difference_day", "day"),
)

money_day = Table(
    "money_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("closed_at", Instant, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("figures", Json, nullable=False),  # per branch and channel, frozen
)

gl_summary = Table(
    "gl_summary",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a gap
    Column("day", Date, nullable=False),
    Column("revision", Integer, nullable=False),  # 2 and on: what was posted on the day after the one before was made
    Column("made_at", Instant, nullable=False),
    Column("lines", Json, nullable=False),
    UniqueConstraint("day", "revision"),
)
