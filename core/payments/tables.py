"""Money coming in: what we asked for, each try, what the provider said, what arrived, and what it paid.

request (a paylink, a push, a collection) -> attempt (one provider call) -> provider_event (inbox) -> receipt (money in; may have
no request) -> allocation -> postings. `unknown` is a state that is polled and never charged again.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.db.engine import Instant, Json, metadata

payment_request = Table(
    "payment_request",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # paylink, mandate, push, collection, refund
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("invoice_id", BigInteger),  # None: whatever is open on the account
    Column("amount_minor", BigInteger),  # None: the live open amount
    Column("currency", Text, nullable=False),
    Column("token", Text, unique=True),  # 128 random bits: /p/{token}, /d/{token}
    Column("state", Text, nullable=False),  # open, paid, closed
    Column("expires_at", Instant),
    Column("created_at", Instant, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # the provider's idempotency key
    Column("request_id", ForeignKey("payment_request.id"), nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("method", Text, nullable=False),  # card, direct_debit, mobile_push, refund
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("state", Text, nullable=False),  # created, sent, unknown, awaiting_customer, succeeded, failed, expired
    Column("provider_ref", Text),
    Column("phone", Text),
    Column("mandate_id", BigInteger),
    Column("redirect_url", Text),
    Column("reason", Text),
    Column("polls", Integer, nullable=False),
    Column("poll_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    CheckConstraint("amount_minor > 0", name="amount"),
    UniqueConstraint("provider", "provider_ref"),
    Index(
        "uq_attempt_live", "request_id", unique=True,
        postgresql_where=text("state IN ('created', 'sent', 'unknown', 'awaiting_customer')"),
        sqlite_where=text("state IN ('created', 'sent', 'unknown', 'awaiting_customer')"),
    ),  # two tabs give one charge
    Index("ix_attempt_poll", "state", "poll_at"),
)  # fmt: skip

mandate = Table(
    "mandate",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("provider_ref", Text),
    Column("state", Text, nullable=False),  # pending, active, failed, cancelled, expired
    Column("masked", Text, nullable=False),  # what a person recognises: bank ****1234
    Column("holder", Text),  # where we collect ourselves, by file
    Column("iban", Text),
    Column("bic", Text),
    Column("signed_on", Date),
    Column("expires_on", Date),  # of a card: the last day on which it can be charged
    Column("used_on", Date),  # a SEPA mandate not used for 36 months is over
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

collection = Table(
    "collection",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("invoice_id", ForeignKey("invoice.id"), nullable=False, unique=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("mandate_id", ForeignKey("mandate.id"), nullable=False),
    Column("collect_on", Date, nullable=False),  # a bank business day
    Column("state", Text, nullable=False),  # planned, asked, done, dropped
    Column("request_id", BigInteger),
    Index("ix_collection_due", "state", "collect_on"),
)

provider_event = Table(
    "provider_event",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("body", Json, nullable=False),
    Column("verified_by", Text, nullable=False),  # signature, answer, query, none
    Column("state", Text, nullable=False),  # waiting, done, ignored, failed
    Column("reason", Text),
    Column("tries", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("done_at", Instant),
    UniqueConstraint("provider", "key"),
    Index("ix_provider_event_state", "state", "received_at"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("provider_txn", Text, nullable=False),
    Column("account_id", BigInteger, index=True),  # None: in suspense until someone claims it
    Column("attempt_id", BigInteger),
    Column("method", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reference", Text, nullable=False),  # what the payer typed
    Column("payer", Text, nullable=False),  # masked
    Column("state", Text, nullable=False),  # placed, suspense, reversed (all of it)
    Column("reversed_minor", BigInteger, nullable=False, default=0, server_default="0"),
    Column("received_at", Instant, nullable=False),
    Column("booked_on", Date, nullable=False),
    UniqueConstraint("provider", "provider_txn"),
    Index("ix_receipt_state", "state", "received_at"),
    Index("ix_receipt_booked", "booked_on"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

allocation = Table(
    "allocation",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt_id", ForeignKey("receipt.id"), nullable=False, index=True),
    Column("invoice_id", BigInteger, index=True),  # None: credit on the account
    Column("amount_minor", BigInteger, nullable=False),  # negative: no longer paid (reversed, moved, used as credit)
    Column("at", Instant, nullable=False),
)

reversal = Table(
    "reversal",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt_id", ForeignKey("receipt.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # refund, chargeback, debit_return
    Column("amount_minor", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("booked_on", Date, nullable=False, index=True),
)

chargeback = Table(
    "chargeback",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", Text, nullable=False),
    Column("ref", Text, nullable=False),  # the provider's number of the dispute
    Column("receipt_id", ForeignKey("receipt.id"), nullable=False, index=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, answered, won, lost
    Column("due_at", Instant),  # until when the provider takes evidence
    Column("opened_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("provider", "ref"),
    Index("ix_chargeback_state", "state", "due_at"),
)

refund = Table(
    "refund",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("receipt_id", ForeignKey("receipt.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("how", Text, nullable=False),  # the provider's name, or by_hand
    Column("state", Text, nullable=False),  # asked, granted, done, failed, refused
    Column("approval_id", BigInteger),
    Column("attempt_id", BigInteger, unique=True),
    Column("paid_ref", Text),  # by hand: the reference of the transfer
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("settled_at", Instant),
    CheckConstraint("amount_minor > 0", name="amount"),
    Index("ix_refund_state", "state"),
)

# What we asked a provider about one transaction, and what it is to answer under: an unsigned note above the limit waits for it, and
# a refund whose outcome nobody knows (then `attempt_id`).
transaction_query = Table(
    "transaction_query",
    metadata,
    Column("conversation", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("txn", Text, nullable=False),
    Column("attempt_id", BigInteger, index=True),
    Column("state", Text, nullable=False),  # asked, proven, denied, pending
    Column("amount_minor", BigInteger),
    Column("asked_at", Instant, nullable=False),
    Index("ix_transaction_query_txn", "provider", "txn"),
)

# Paybill notes that nobody signed: what was credited on their word alone, a day and an account, and what waits because that is enough.
unproven_note = Table(
    "unproven_note",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("txn", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("account_id", BigInteger),  # None: nobody's number was typed
    Column("amount_minor", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # credited, waiting
    Column("at", Instant, nullable=False),
    Index("ix_unproven_note_day", "day", "state", "account_id"),
)

unproven_day = Table(
    "unproven_day",
    metadata,
    Column("day", Date, primary_key=True),  # held while a note of the day is judged: two at once are two
)
