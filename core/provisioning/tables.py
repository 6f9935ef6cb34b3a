"""Wanted and actual per service, and every command sent to bring them together."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from core.db.engine import Instant, metadata

barring = Table(
    "barring",
    metadata,
    Column("service_id", ForeignKey("service.id"), primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("wanted", Text, nullable=False),  # none, soft, hard
    Column("kbps", Integer),  # what a softly barred line still carries
    Column("generation", Integer, nullable=False),  # of the wish: a newer one overtakes an older
    Column("why", Text, nullable=False),
    Column("wanted_at", Instant, nullable=False),
    Column("actual", Text),  # None: nobody has told us yet
    Column("actual_at", Instant),
    Column("seen", Text),  # what the network said when it was last compared
    Column("seen_at", Instant),
    Index("ix_barring_wanted", "wanted"),
)

network_line = Table(
    "network_line",
    metadata,
    Column("service_id", ForeignKey("service.id"), primary_key=True, autoincrement=False),
    Column("login", Text, nullable=False, unique=True),  # the circuit or subscriber by which the network knows the line
)

bar_command = Table(
    "bar_command",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),  # bar:<service>:<generation>
    Column("service_id", BigInteger, nullable=False),
    Column("level", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("state", Text, nullable=False),  # created, sent, unknown, done, refused, overtaken
    Column("ref", Text),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index(
        "uq_bar_command_live", "service_id", unique=True, postgresql_where=text("state IN ('sent', 'unknown')"),
        sqlite_where=text("state IN ('sent', 'unknown')"),
    ),  # one wish of a service is on its way at a time, so that an old one cannot arrive after a newer
)  # fmt: skip
