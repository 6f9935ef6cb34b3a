"""Statements as the bank gave them, movement by movement and payment by payment, and the files of direct debits we gave the bank.

A movement is known for ever by its account, day, amount, the bank's own reference and its place among equals, so a statement imported
twice (or in two formats, or overlapping another) counts once. `statement_line` is what each statement told, so that each is proved by
itself: opening + its movements = closing (`verify.py`).
"""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, Table, Text

from core.db.engine import Instant, metadata

statement = Table(
    "statement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # account, number, page, first day and balances
    Column("form", Text, nullable=False),  # camt.053, MT940 ...
    Column("account", Text, nullable=False, index=True),  # IBAN, or what the bank calls it
    Column("number", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("to_on", Date, nullable=False),
    Column("opening_minor", BigInteger),  # None: the file tells none
    Column("closing_minor", BigInteger),
    Column("file_name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("imported_at", Instant, nullable=False),
)

statement_movement = Table(
    "statement_movement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # account:day:reference:amount:place among equals
    Column("account", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("bank_ref", Text, nullable=False),
    Index("ix_statement_movement_day", "account", "booked_on"),
)

statement_line = Table(
    "statement_line",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("movement_id", ForeignKey("statement_movement.id"), nullable=False, index=True),
    Column("before_minor", BigInteger),  # the balance before it, where the file tells one
    Column("otherwise", Text),  # what this statement says of it that another said otherwise
)

statement_entry = Table(
    "statement_entry",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("movement_id", ForeignKey("statement_movement.id"), nullable=False, index=True),
    Column("statement_id", ForeignKey("statement.id"), nullable=False),  # that told it first
    Column("key", Text, nullable=False, unique=True),  # the movement's, and its place in it
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
    Column("problem", Text),  # why a person has to look before anybody is credited
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
