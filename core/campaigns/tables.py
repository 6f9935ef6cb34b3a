"""One template to one segment at one time: who was chosen, and who got it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from core.db import Instant, Json, metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("texts", Json, nullable=False),  # {"en": ..., "sw": ...}
    Column("segment", Json, nullable=False),  # {"branch": ..., "language": ..., "owing": true}
    Column("channel", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # planned, running, paused, cancelled, done
    Column("last_contact_id", BigInteger, nullable=False),  # the cursor: everyone up to here is in the outbox
    Column("chosen", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

campaign_member = Table(
    "campaign_member",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("outbox_id", BigInteger),
)
