"""The only money there is: journals of postings, append-only, with live balances beside them.

A posting moves `amount` of an asset (a currency's minor units, points, micro-kWh) from a source to a destination, so it cannot be
unbalanced: source balance - amount, destination balance + amount. A customer's `receivable` is what they owe (positive) or has
to their credit (negative). Triggers refuse UPDATE and DELETE on journal and posting in both databases; undo is a new journal.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.engine import Instant, Json, metadata

ledger_account = Table(
    "ledger_account",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),  # receivable, revenue, tax, cash, suspense, points, rewards_cost ...
    Column("owner_id", BigInteger, nullable=False),  # the customer's account, or 0 for the house's own
    Column("asset", Text, nullable=False),  # KES, PTS, KWH
    UniqueConstraint("code", "owner_id", "asset"),
    Index("ix_ledger_account_owner", "owner_id"),
)

balance = Table(
    "balance",
    metadata,
    Column("ledger_account_id", ForeignKey("ledger_account.id"), primary_key=True),
    Column("amount", BigInteger, nullable=False),  # destinations minus sources
    Column("at", Instant, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # invoice:<id>, receipt:<provider>:<txn>, ...
    Column("kind", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reverses_id", ForeignKey("journal.id"), unique=True),
    Column("details", Json, nullable=False),
)

posting = Table(
    "posting",
    metadata,
    Column("id", BigInteger, nullable=False),
    Column("journal_id", BigInteger, nullable=False),
    Column("source_id", BigInteger, nullable=False),
    Column("destination_id", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("asset", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    PrimaryKeyConstraint("id", "booked_on"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("source_id <> destination_id", name="two_sides"),
    Index("ix_posting_journal", "journal_id"),
    Index("ix_posting_source", "source_id"),
    Index("ix_posting_destination", "destination_id"),
    postgresql_partition_by="RANGE (booked_on)",
)

seal = Table(
    "seal",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ...: a seal that is gone shows
    Column("spans", Json, nullable=False),  # [[first, last], ...]: the posting ids it covers
    Column("postings", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # of the postings, their journals, and the digest before
    Column("at", Instant, nullable=False),
)

# What is still open of each final invoice, and how much of that is held by a dispute. It stands in the ledger because bills,
# payments and disputes do not know each other and all three move it: rows are locked in order of invoice id.
open_item = Table(
    "open_item",
    metadata,
    Column("invoice_id", ForeignKey("invoice.id"), primary_key=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("open_minor", BigInteger, nullable=False),
    Column("disputed_minor", BigInteger, nullable=False),
    Column("settled_on", Date),
    Index("ix_open_item_account", "account_id", "due_on"),
    Index("ix_open_item_due", "due_on"),
    CheckConstraint("open_minor >= 0 AND disputed_minor >= 0 AND disputed_minor <= open_minor", name="within"),
)

number_series = Table(
    "number_series",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""Legal numbers without gaps, a row a series: core/ledger/number.py."""

seal_due = Table(
    "seal_due",
    metadata,
    Column("first_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("postings", BigInteger, nullable=False),  # how many ids of the span are postings
)
"""Posting ids written but not yet sealed. Ids come in blocks, so they commit out of order: a high-water mark would miss some."""
