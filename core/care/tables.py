"""Problems and talk: tickets with their event log, outages, disputes, and every message that passed.

A ticket's clocks are derived from `ticket_event`; nothing ticks in a column.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from core.db.engine import Instant, Json, metadata

outage = Table(
    "outage",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("commodity", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("expected_until", Instant),
    Column("ended_at", Instant),
    Index("ix_outage_area", "area", "ended_at"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False, unique=True),  # ends in a check digit
    Column("effect_key", Text, nullable=False, unique=True),
    Column("account_id", BigInteger, index=True),
    Column("contact_id", BigInteger, index=True),
    Column("premise_id", BigInteger),
    Column("branch_id", BigInteger),
    Column("kind", Text, nullable=False),  # no_supply, voltage, meter, bill, water_leak, call_back ...
    Column("severity", Text, nullable=False),  # critical, high, normal: the words sort as they weigh
    Column("state", Text, nullable=False),  # open, waiting, solved, closed
    Column("description", Text, nullable=False),
    Column("outage_id", ForeignKey("outage.id")),
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("ix_ticket_queue", "state", "severity", "opened_at", "id"),
    Index("ix_ticket_branch_queue", "branch_id", "state", "severity", "opened_at", "id"),
)

ticket_event = Table(
    "ticket_event",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),  # opened, replied, waiting, solved, reopened, closed, linked
    Column("details", Json, nullable=False),
    Index("ix_ticket_event_ticket", "ticket_id", "id"),
)

dispute = Table(
    "dispute",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("invoice_id", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),  # the line; -1: the whole bill
    Column("amount_minor", BigInteger, nullable=False),  # frozen: no reminder, fee or debit touches it
    Column("state", Text, nullable=False),  # open, upheld, partial, rejected
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("open_key", Text, unique=True),  # <invoice>:<line> while open: one open dispute an item
)

talk = Table(
    "talk",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, nullable=False, index=True),
    Column("account_id", BigInteger),
    Column("branch_id", BigInteger),
    Column("channel", Text, nullable=False),
    Column("about", Text, nullable=False),  # in their own words, redacted
    Column("state", Text, nullable=False),  # waiting, taken, over
    Column("open_key", Text, unique=True),  # the contact while it is not over: one talk at a time
    Column("clerk", Text),
    Column("asked_at", Instant, nullable=False),
    Column("taken_at", Instant),
    Column("heard_at", Instant, nullable=False),  # the customer's last word
    Column("said_at", Instant),  # the clerk's last word
    Column("ended_at", Instant),
    Column("ended_by", Text),  # customer, the clerk, or why the time was up
    Index("ix_talk_state", "state", "asked_at"),
)

interaction = Table(
    "interaction",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger),
    Column("account_id", BigInteger),
    Column("channel", Text, nullable=False),
    Column("direction", Text, nullable=False),  # in, out
    Column("kind", Text, nullable=False),  # turn, notice, reply, campaign, code
    Column("text", Text, nullable=False),  # redacted
    Column("outbox_id", BigInteger, unique=True),
    Column("at", Instant, nullable=False),
    Index("ix_interaction_contact", "contact_id", "at"),
    Index("ix_interaction_account", "account_id", "at"),
)

media = Table(
    "media",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("ref", Text, nullable=False),  # the provider's id of the file
    Column("contact_id", BigInteger, index=True),
    Column("caption", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, kept, refused, dropped
    Column("reason", Text),
    Column("type", Text),  # what the bytes are, whatever the provider says
    Column("size", BigInteger),
    Column("sha256", Text, index=True),  # of its bytes, which lie beside the database: core/care/media_files.py
    Column("at", Instant, nullable=False),
    UniqueConstraint("channel", "ref"),
    Index("ix_media_state", "state", "at"),
)

letter = Table(
    "letter",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("claimed_until", Instant, nullable=False),
    Column("done_at", Instant),  # taken in; None: somebody has it in hand, or had
)
