"""The table of everything that leaves. Who writes to it, and by which rules: `core/outbox/queue.py`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, Text

from core.db.engine import Instant, Json, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # notice, reply, push, airtime, campaign, code
    Column("template", Text, nullable=False),  # a catalogue key: notice.ready, reply.text
    Column("channel", Text),  # None: the contact's own choice when it is claimed
    Column("contact_id", BigInteger),
    Column("account_id", BigInteger),
    Column("subject_id", BigInteger),  # the invoice, attempt, ticket or redemption it speaks of
    Column("params", Json, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("resend_unknown", Boolean, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("state", Text, nullable=False),  # waiting, claimed, leaving, sent, delivered, failed, dropped, unknown, dead
    Column("attempts", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("provider_ref", Text),
    Column("reason", Text),
    Column(
        "tried", Text
    ),  # the channels that failed for good and why, before it fell back to another: whatsapp:blocked
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index("ix_outbox_due", "state", "priority", "not_before", "id"),
    Index("ix_outbox_provider_ref", "provider_ref"),
    Index("ix_outbox_account", "account_id", "created_at"),
    Index("ix_outbox_contact", "contact_id", "created_at"),
)
