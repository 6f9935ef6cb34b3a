"""Purchases of units: asked for, paid, vended once. The token is kept as a text, with its leading zeros."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from core.db.engine import Instant, metadata

vend = Table(
    "vend",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", BigInteger, nullable=False, unique=True),  # the payment that pays it
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("meter_id", ForeignKey("meter.id"), nullable=False),
    Column("serial", Text, nullable=False),
    Column("contact_id", BigInteger, index=True),  # who bought it
    Column("phone", Text, nullable=False),  # where the token goes
    Column("language", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("arrears_minor", BigInteger, nullable=False),  # what of it goes to old bills
    Column("tax_minor", BigInteger, nullable=False),  # of the rest, known when it is paid
    Column("currency", Text, nullable=False),
    Column("units_micro", BigInteger),
    Column("token", Text),
    Column("state", Text, nullable=False),  # ordered, ready, sent, unknown, done, failed, dropped
    Column("receipt_id", BigInteger, unique=True),
    Column("provider_ref", Text),
    Column("reason", Text),
    Column("polls", Integer, nullable=False),
    Column("poll_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index("ix_vend_poll", "state", "poll_at"),
    CheckConstraint("amount_minor > arrears_minor AND arrears_minor >= 0", name="share"),
)
