"""Buckets that a customer spends from, what moved in them, and what is held for sessions that are still under way.

An amount is whole minor units where the unit is a currency, else integer micro-units. `amount` counts what is held too, so what is
free is `amount - reserved`, and the database itself refuses less than nothing. A bucket's amount is the sum of its movements, which
are only ever added to (`hodi db verify` proves it).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.db.engine import Instant, Json, metadata

bucket = Table(
    "bucket",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),  # whose it is
    Column("service_id", ForeignKey("service.id")),  # None: any service of those who may draw
    Column("code", Text, nullable=False),  # what the operator calls it: money, welcome
    Column("name", Json, nullable=False),  # what a person calls it, by language
    Column("unit", Text, nullable=False),  # KES; s, MB, kWh, event
    Column("money", Boolean, nullable=False),  # whether the unit is a currency
    Column("uses", Json, nullable=False),  # kinds of use it may pay for: [voice]; none: any
    Column("priority", SmallInteger, nullable=False),  # the lowest is drawn first
    Column("granted", BigInteger, nullable=False),  # everything that was ever put in
    Column("amount", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("basis", BigInteger, nullable=False),  # what was there after the last grant: 80 % is a share of this
    Column("round", Integer, nullable=False),  # which filling this is, so that each tells its thresholds once
    Column("told", SmallInteger, nullable=False),  # the highest threshold this filling has told
    Column("booked", BigInteger, nullable=False),  # of money: how much of what was spent the ledger knows
    Column("starts_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("rollovers", SmallInteger, nullable=False),  # how many times what is left lives on for another month
    Column("rollover_cap", BigInteger),  # the most that lives on; None: all of it
    Column("state", Text, nullable=False),  # open, expired
    Column("at", Instant, nullable=False),
    CheckConstraint("reserved >= 0 AND reserved <= amount", name="within"),
    Index("ix_bucket_expiry", "state", "expires_at"),
    Index(
        "ix_bucket_unbooked",
        "id",
        postgresql_where=text("money AND booked < granted - amount"),
        sqlite_where=text("money = 1 AND booked < granted - amount"),
    ),
)

bucket_user = Table(
    "bucket_user",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("bucket_id", ForeignKey("bucket.id"), primary_key=True),
)
"""Who may draw from it: its owner, and those it is shared with."""

bucket_movement = Table(
    "bucket_movement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("bucket_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),  # the caller's own
    Column("kind", Text, nullable=False),  # granted, used, expired
    Column("amount", BigInteger, nullable=False),  # signed
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("key", "bucket_id"),
    Index("ix_bucket_movement_bucket", "bucket_id", "at"),
)

hold = Table(
    "hold",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("service_id", ForeignKey("service.id")),
    Column("use", Text),
    Column("unit", Text, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # held, used, released, expired
    Column("expires_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_hold_due", "state", "expires_at"),
)
"""A reservation of a session that is under way."""

hold_part = Table(
    "hold_part",
    metadata,
    Column("hold_id", ForeignKey("hold.id"), primary_key=True),
    Column("bucket_id", ForeignKey("bucket.id"), primary_key=True),
    Column("position", SmallInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

low_money = Table(
    "low_money",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("minor", BigInteger, nullable=False),  # 0: they do not want to be told
    Column("at", Instant, nullable=False),
    CheckConstraint("minor >= 0", name="minor"),
)
"""Below how much prepaid money a customer wants to be told, where it is not the operator's amount."""
