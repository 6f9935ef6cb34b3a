"""Points are a second ledger (asset PTS, a liability); this is what they were spent on.

A redemption is reserved, sent, confirmed; a timeout is `unknown`: polled, never sent again.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from core.db.engine import Instant, metadata

redemption = Table(
    "redemption",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # kwh, airtime
    Column("points", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),  # micro-kWh, or minor units of airtime
    Column("phone", Text),
    Column("state", Text, nullable=False),  # reserved, sent, unknown, confirmed, reversed
    Column("provider_ref", Text),
    Column("invoice_id", BigInteger),  # the bill that carried the kWh
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("poll_at", Instant),
    Index("ix_redemption_state", "state", "poll_at"),
)
