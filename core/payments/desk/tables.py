"""A drawer is one person's cash of one shift; a deposit is cash on its way to the bank."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Table, Text, text

from core.db.engine import Instant, metadata

drawer = Table(
    "drawer",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("branch_id", BigInteger),
    Column("cashier", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("float_minor", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("state", Text, nullable=False),  # open, counted (another person has to look), closed
    Column("counted_minor", BigInteger),
    Column("expected_minor", BigInteger),
    Column("note", Text),
    Column("closed_at", Instant),
    CheckConstraint("float_minor >= 0", name="float"),
    Index("ix_drawer_day", "opened_on", "state"),
    Index(
        "uq_drawer_open", "cashier", unique=True,
        postgresql_where=text("state <> 'closed'"), sqlite_where=text("state <> 'closed'"),
    ),  # one drawer a person
)  # fmt: skip

drawer_move = Table(
    "drawer_move",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("drawer_id", ForeignKey("drawer.id"), nullable=False, index=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # receipt, turn_in, void (cancelled), refund
    Column("amount_minor", BigInteger, nullable=False),  # negative: out of the drawer
    Column("receipt_id", BigInteger),
    Column("at", Instant, nullable=False),
)

deposit = Table(
    "deposit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("branch_id", BigInteger),
    Column("slip", Text, nullable=False, unique=True),  # the number on the bank's slip
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("deposited_on", Date, nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount"),
)
