"""One template (or two, to see which works) to one segment at one time: who was chosen, who got it, and who was left out to compare."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, SmallInteger, Table, Text

from core.db.engine import Instant, Json, metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("texts", Json, nullable=False),  # {"en": ..., "sw": ...}
    Column("texts_b", Json),  # the second wording, which half of the people get
    Column("holdout_percent", SmallInteger, nullable=False),  # so many of a hundred get nothing, to compare with
    Column("window_from", Text),  # 09:00 in the operator's zone: leaves only between the two
    Column("window_until", Text),
    Column("per_minute", Integer),
    Column("next_at", Instant),  # with `per_minute`: when the next may leave
    Column("segment", Json, nullable=False),  # {"branch": ..., "language": ..., "owing": true}
    Column("channel", Text, nullable=False),
    Column("sender", Text),  # what its SMS come from; None: what the routes say
    Column("starts_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # planned, running, paused, cancelled, done
    Column("last_contact_id", BigInteger, nullable=False),  # the cursor: everyone up to here is in the outbox
    Column("chosen", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

campaign_member = Table(
    "campaign_member",
    metadata,
    Column("campaign_id", ForeignKey("campaign.id"), primary_key=True),
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("outbox_id", BigInteger),  # none: left out, to compare with
    Column("arm", Text, nullable=False),  # a, b, none
)
