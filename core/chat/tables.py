"""The web chat's transcript: numbered lines of each visitor, so that a browser that comes back gets exactly what it missed."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text, UniqueConstraint

from core.db.engine import Instant, Json, metadata

chat_visitor = Table(
    "chat_visitor",
    metadata,
    Column("visitor", Text, primary_key=True),  # a digest of the browser's cookie: the contact's channel_user too
    Column("last_seq", BigInteger, nullable=False),
    Column("open_until", Instant),  # a page is open at least until then, unless it closed in between
    Column("started_at", Instant, nullable=False),
)

chat_line = Table(
    "chat_line",
    metadata,
    Column("visitor", ForeignKey("chat_visitor.visitor"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... of this visitor
    Column("key", Text, nullable=False),  # what made the line: the same again is not written twice
    Column("side", Text, nullable=False),  # you, hodi
    Column("body", Json, nullable=False),  # text, options, ends, secret; a secret answer is kept as dots
    Column("at", Instant, nullable=False),
    UniqueConstraint("visitor", "key"),
)
