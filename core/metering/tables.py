"""What was used: meters, the files that came, interval usage and register readings, in one store.

Quantities are integer micro-units (1 kWh = 1,000,000). A record is known by (meter, register, start): the same again with the same
quantity is a duplicate; with another quantity it is a new revision, which supersedes and never overwrites. `usage` is
partitioned by the month it was booked on (PostgreSQL), `usage_event` by time. `usage_day` keeps what counts of each day (the latest revisions), in the
same transaction, so that a bill run reads 30 rows a month instead of 1,440; it can be derived again from `usage`.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.engine import Instant, Json, metadata

meter = Table(
    "meter",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", Text, nullable=False, unique=True),
    Column("service_id", ForeignKey("service.id"), index=True),
    Column("code", Text, nullable=False),  # what a tariff calls it: energy, water
    Column("unit", Text, nullable=False),  # kWh, m3
    Column("kind", Text, nullable=False),  # interval, register
    Column("dials", SmallInteger, nullable=False),
    Column("multiplier_micro", BigInteger, nullable=False),
    Column("interval_minutes", SmallInteger),
    Column("installed_on", Date, nullable=False),
    Column("removed_on", Date),
    Column("registers", Text),  # "day night": each is billed as its own code, energy_day; none: it has one
    Column("heard", Text),  # what files called that one so far, with commas: "E1", "E1,B1"; "" is a name too
)

usage_file = Table(
    "usage_file",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "source", Text, nullable=False
    ),  # a source of the operator's, or how the file is written where it came by hand
    Column("kind", Text, nullable=False),  # how it is written: csv, nem12, nem13, cdr, usage (TM Forum's JSON)
    Column("name", Text, nullable=False),
    Column("sequence", BigInteger),  # the number its source gave it
    Column("declared", BigInteger),  # how many records it says it has
    Column("problem", Text),
    Column("digest", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("recycled", Integer, nullable=False),  # were rejected, and taken after a fix
    Column("filtered", Integer, nullable=False),  # records that its source says are not usage
    Column("quantity_micro", BigInteger, nullable=False),  # of intervals; events have event_total
    Column("state", Text, nullable=False),  # loading: `records` says how far; done
    Column("records", BigInteger, nullable=False),  # the cursor: how many records of the file are settled
    Column("settings", Json, nullable=False),
    Column("received_at", Instant, nullable=False),
    UniqueConstraint("source", "digest"),
    Index("ix_usage_file_received", "received_at"),
)
"""rows = accepted + duplicates + revised + rejected + recycled + filtered, always: no record is unexplained."""

usage_fetch = Table(
    "usage_fetch",
    metadata,
    Column("source", Text, primary_key=True),
    Column("mark", Text, primary_key=True),  # how a file lay in its folder: name, size and time
    Column("name", Text, nullable=False),
    Column("file_id", ForeignKey("usage_file.id")),
    Column("problem", Text),  # why it could not be read at all
    Column("at", Instant, nullable=False),
)
"""What was fetched as it lay: it is not fetched again until it changes."""

usage_total = Table(
    "usage_total",
    metadata,
    Column("file_id", ForeignKey("usage_file.id"), primary_key=True),
    Column("meter_id", BigInteger, primary_key=True, autoincrement=False),
    Column("month", Date, primary_key=True),  # its first day
    Column("readings", Integer, nullable=False),  # that this file brought: new ones and revisions
    Column("quantity_micro", BigInteger, nullable=False),
)

usage_reject = Table(
    "usage_reject",
    metadata,
    Column("file_id", ForeignKey("usage_file.id"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),  # all that is needed to read it again
    Column("reason", Text, nullable=False),
    Column("intervals", Integer, nullable=False),  # how many records it stands for
    Column("recycled_at", Instant),
)

usage = Table(
    "usage",
    metadata,
    Column("meter_id", BigInteger, nullable=False),
    Column("register", Text, nullable=False),  # E1, B1 ...; "" where a meter has one
    Column("day", Date, nullable=False),  # in the operator's zone
    Column("at", SmallInteger, nullable=False),  # which interval of that day's clock, from 0 (a 25-hour day has more)
    Column("revision", SmallInteger, nullable=False),
    Column("minutes", SmallInteger, nullable=False),
    Column("quantity_micro", BigInteger, nullable=False),
    Column("quality", Text, nullable=False),  # A actual, S substituted, E estimated, C customer
    Column("file_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("meter_id", "register", "day", "at", "revision"),
    Index("ix_usage_day", "day", "meter_id"),
    postgresql_partition_by="RANGE (day)",
    sqlite_with_rowid=False,
)

usage_day = Table(
    "usage_day",
    metadata,
    Column("meter_id", BigInteger, nullable=False),
    Column("register", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("readings", SmallInteger, nullable=False),
    Column("quantity_micro", BigInteger, nullable=False),
    Column("estimated_micro", BigInteger, nullable=False),  # the part whose quality is E
    PrimaryKeyConstraint("meter_id", "register", "day"),
    sqlite_with_rowid=False,
)

usage_event = Table(
    "usage_event",
    metadata,
    Column("service_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # the second it began, since 1970, as the operator's clock shows it
    Column("key", BigInteger, nullable=False),  # tells events of one second apart: core/metering/events/model.py
    Column("use", Text, nullable=False),  # what a tariff calls its meter: voice, sms, data
    Column("unit", Text, nullable=False),  # s, event, MB
    Column("quantity_micro", BigInteger, nullable=False),
    Column("destination", Text),
    Column("value_minor", BigInteger),
    Column("offset_minutes", SmallInteger, nullable=False),  # how far that clock was ahead of UTC
    Column("file_id", BigInteger, nullable=False),
    Column("row", Integer, nullable=False),
    PrimaryKeyConstraint("service_id", "at", "key"),
    postgresql_partition_by="RANGE (at)",
    sqlite_with_rowid=False,
)
"""Calls, messages, sessions: read by service and time, and known by what they are, whatever file brings them."""

event_total = Table(
    "event_total",
    metadata,
    Column("file_id", ForeignKey("usage_file.id"), primary_key=True),
    Column("use", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("records", Integer, nullable=False),
    Column("quantity_micro", BigInteger, nullable=False),
)
"""The control totals of a file of events: what it brought that was new."""

reading = Table(
    "reading",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("meter_id", ForeignKey("meter.id"), nullable=False),
    Column("register", Text, nullable=False),
    Column("read_on", Date, nullable=False),
    Column("value_micro", BigInteger, nullable=False),
    Column("source", Text, nullable=False),  # field, smart, customer, estimate
    Column("revision", SmallInteger, nullable=False),
    Column(
        "state", Text, nullable=False
    ),  # accepted, held, ordered (read it again), replaced (another counts in its place)
    Column("reason", Text),
    Column("file_id", BigInteger),
    Column("received_at", Instant, nullable=False),
    Column("ticket_id", BigInteger),  # where its customer hears what became of it
    UniqueConstraint("meter_id", "register", "read_on", "source", "revision"),
    Index("ix_reading_waits", "state", "received_at", "id"),
)

consumption = Table(
    "consumption",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("service_id", ForeignKey("service.id"), nullable=False),
    Column("meter_code", Text, nullable=False),
    Column("from_date", Date, nullable=False),
    Column("to_date", Date, nullable=False),
    Column("revision", SmallInteger, nullable=False),
    Column("quantity_micro", BigInteger, nullable=False),  # what was billed: measured plus estimated
    Column("estimated_micro", BigInteger, nullable=False),
    Column("missing", Integer, nullable=False),  # intervals that were not there
    Column("method", Text, nullable=False),  # measured, linear, profile, average
    Column("invoice_id", BigInteger),
    UniqueConstraint("service_id", "meter_code", "from_date", "revision"),
    CheckConstraint("estimated_micro BETWEEN 0 AND quantity_micro", name="estimated_part"),
)
