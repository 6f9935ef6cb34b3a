"""Tariff documents as they were approved: immutable, one row a version, effective from their first day."""

from sqlalchemy import BigInteger, Column, Date, Table, Text, UniqueConstraint

from core.db.engine import Instant, metadata

tariff_version = Table(
    "tariff_version",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("revision", BigInteger, nullable=False),  # a correction of the same first day; the highest counts
    Column("document", Text, nullable=False),  # the YAML as it was read
    Column("digest", Text, nullable=False),
    Column("loaded_at", Instant, nullable=False),
    Column("loaded_by", Text, nullable=False),
    UniqueConstraint("code", "valid_from", "revision"),
)
