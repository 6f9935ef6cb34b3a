"""Uses that are paid for at once, and the periods they are priced in: a use costs what the total of its period rises by."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.db.engine import metadata

live_period = Table(
    "live_period",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("service_id", ForeignKey("service.id"), nullable=False),
    Column("from_date", Date, nullable=False),  # the first day of the service on its plan within the whole period
    Column("closes_on", Date, nullable=False),  # the first day after the whole period
    Column("state", Text, nullable=False),  # open, closed, billed
    Column("charged_minor", BigInteger, nullable=False),  # what its uses (and its close) came to
    Column("owed_minor", BigInteger, nullable=False),  # how much of that the purse did not have when it fell due
    UniqueConstraint("service_id", "from_date"),
    CheckConstraint("owed_minor >= 0", name="owed"),
    Index("ix_live_period_due", "state", "closes_on"),
    Index("ix_live_period_owed", "id", postgresql_where=text("owed_minor > 0"), sqlite_where=text("owed_minor > 0")),
)
"""A service that pays by the use, in one period: what a use costs is what the total of the period rises by."""

live_use = Table(
    "live_use",
    metadata,
    Column("period_id", ForeignKey("live_period.id"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("use", Text, nullable=False),  # voice, sms, data: the meter of the tariff
    Column("unit", Text, nullable=False),  # s, event, MB, kWh
    Column("at", BigInteger, nullable=False),  # true second since 1970
    Column("quantity_micro", BigInteger, nullable=False),
    Column("destination", Text),
    Column("value_minor", BigInteger),
)
"""What was used and not covered by a bundle, one row a use: the price of more depends on all of them."""

live_paid = Table(
    "live_paid",
    metadata,
    Column("period_id", ForeignKey("live_period.id"), primary_key=True),
    Column("bucket_id", ForeignKey("bucket.id"), primary_key=True),
    Column("minor", BigInteger, nullable=False),
)
"""Which buckets paid how much of a period, less what came back: money goes back to where it came from."""
