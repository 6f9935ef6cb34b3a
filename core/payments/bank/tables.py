"""Statements as the bank gave them, entry by entry, and the files of direct debits we gave the bank.

An entry is known by its account and the bank's own reference for ever, so a statement imported twice (or in two formats) counts once.
"""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from core.db import Instant, metadata

statement = Table(
    "statement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),  # IBAN, or what the bank calls it
    Column("number", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, nullable=False),
    Column("opening_minor", BigInteger, nullable=False),
    Column("closing_minor", BigInteger, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("imported_at", Instant, nullable=False),
    UniqueConstraint("account", "number", "from_on"),
)

statement_entry = Table(
    "statement_entry",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("statement_id", ForeignKey("statement.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),  # account:bank reference:index
    Column("account", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),  # negative: went out
    Column("currency", Text, nullable=False),
    Column("end_to_end", Text),
    Column("mandate", Text),
    Column("name", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("bank_ref", Text, nullable=False),
    Column("reason", Text),  # of a return: AM04 ...
    Column("state", Text, nullable=False),  # open, matched
    Column("matched", Text),  # receipt:<id>, payout:<provider>:<ref>, deposit:<id>, refund:<id>, return:<receipt>
    Index("ix_statement_entry_booked", "booked_on", "state"),
)

debit_file = Table(
    "debit_file",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("debits", Integer, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("message_id", Text, unique=True),  # random at every making: so the file is kept and never made again
    Column("body", Text),
    Column("taken_by", Text),
    Column("taken_at", Instant),
)

debit_item = Table(
    "debit_item",
    metadata,
    Column("attempt_id", ForeignKey("attempt.id"), primary_key=True),
    Column("file_id", ForeignKey("debit_file.id"), nullable=False, index=True),
    Column("sequence", Text, nullable=False),  # FRST, RCUR
    Column("collect_on", Date, nullable=False),
)
