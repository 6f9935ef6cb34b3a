"""Cycles, runs and invoices.

A `cycle` says which account closes which period on which day. An invoice is built as a draft (which moves no balance and tells
nobody), then finalised: number, postings and notice in one transaction. Once final it is never changed: what is still open
of it lives in `open_item`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    text,
)

from core.db.engine import Instant, Json, metadata

__all__ = ["bill_run", "cycle", "invoice", "invoice_line"]

cycle = Table(
    "cycle",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("from_date", Date, nullable=False),
    Column("to_date", Date, nullable=False),  # half-open: the cycle closes on this day
    Column("state", Text, nullable=False),  # open, built, final, parked, skipped
    Column("reason", Text),
    Column("invoice_id", BigInteger),
    Column("parked_at", Instant),  # when it was parked first: its age
    Column("tried_at", Instant),  # when a run last tried to bill it, and could not
    Column(
        "decided", Json
    ),  # a person's word: bill it on an estimate (service -> meter -> micro-units), or why it is skipped
    UniqueConstraint("account_id", "from_date"),
    Index("ix_cycle_due", "state", "to_date", "account_id"),
    CheckConstraint("from_date < to_date", name="some_days"),
)

bill_run = Table(
    "bill_run",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("run_date", Date, nullable=False, unique=True),
    Column("state", Text, nullable=False),  # building, built, finalising, closed
    Column("accounts", Integer, nullable=False),
    Column("parked", Integer, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("closed_at", Instant),
)

invoice = Table(
    "invoice",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("series", Text, nullable=False),  # bill, credit, fee, late
    Column("from_date", Date, nullable=False),
    Column("to_date", Date, nullable=False),
    Column("revision", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),  # draft, final
    Column("number", Text, unique=True),  # gapless; given when final
    Column("token", Text, nullable=False, unique=True),  # 128 random bits: /b/{token}
    Column("currency", Text, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),  # of the total: goes to the tax book
    Column("rounding_minor", BigInteger, nullable=False),  # of the total: to the rounding book
    Column("reward_minor", BigInteger, nullable=False),  # of the total, <= 0: what points paid for
    Column("estimated", Boolean, nullable=False),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("before_minor", BigInteger),  # what the account owed just before this bill
    Column("facts", Json, nullable=False),  # what the rendering needs of that day: name, address, meters, readings
    Column("run_id", ForeignKey("bill_run.id")),
    Column("finalised_at", Instant),
    Column("corrects_id", BigInteger),  # a credit note's bill
    UniqueConstraint("account_id", "from_date", "series", "revision"),
    Index("ix_invoice_account", "account_id", "to_date"),
    Index(
        "ix_invoice_corrects",
        "corrects_id",
        postgresql_where=text("corrects_id IS NOT NULL"),
        sqlite_where=text("corrects_id IS NOT NULL"),
    ),
)

invoice_line = Table(
    "invoice_line",
    metadata,
    Column("invoice_id", BigInteger, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("service_id", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("label", Json, nullable=False),  # {"en": ..., "sw": ...} as the tariff named it
    Column("quantity_micro", BigInteger),
    Column("unit", Text),
    Column("price", Text),  # the decimal text of the tariff
    Column("amount_minor", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),  # charge, discount, tax, rounding, reward
    Column("part_of", Text),  # codes of the lines that a part of a discount or a limit is on
    Column("booked_on", Date, nullable=False),
    PrimaryKeyConstraint("invoice_id", "position", "booked_on"),
    postgresql_partition_by="RANGE (booked_on)",
)
