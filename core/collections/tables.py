"""Where accounts stand on the ladder, every step taken, what protects a customer, and what they have agreed to pay when."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from core.db.engine import Instant, Json, metadata

episode = Table(
    "episode",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("open_id", BigInteger, unique=True),  # the account while it is open: one open episode an account
    Column("anchor", Date, nullable=False),  # the steps of this round count from here
    Column("due_on", Date, nullable=False),  # the oldest due day of the debt it is about
    Column("round", SmallInteger, nullable=False),
    Column("position", Text),  # the last step done
    Column("done_on", Date),
    Column("held", Text),  # disputed, arrangement, protected, pending, untold, agency
    Column("ended_on", Date),
    Column("ended_why", Text),
)

ladder_step = Table(
    "ladder_step",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("episode_id", ForeignKey("episode.id"), nullable=False),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("taken_on", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),  # overdue and payable that day
    Column("state", Text, nullable=False),  # waiting (a restriction that was not looked at yet), done
    Column("reason", Text),  # why it waits
    Column("trail", Json, nullable=False),
    Column("told_on", Date),  # by hand: a collector told them, where no report says so
    Column("at", Instant, nullable=False),
    UniqueConstraint("episode_id", "round", "step"),
    Index("ix_ladder_step_on", "taken_on", "step"),
)

protection = Table(
    "protection",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),  # life_support, medical, vulnerable, pensioner ...
    Column("open_key", Text, unique=True),  # <account>:<kind> while it holds
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant),
)

arrangement = Table(
    "arrangement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("open_id", BigInteger, unique=True),  # the account while it runs: one at a time
    Column("kind", Text, nullable=False),  # plan, promise (one instalment, soon)
    Column("state", Text, nullable=False),  # running, kept, broken, cancelled
    Column("total_minor", BigInteger, nullable=False),
    Column("agreed_on", Date, nullable=False),
    Column("actor", Text, nullable=False),
    Column("ended_on", Date),
    Column("at", Instant, nullable=False),
)

instalment = Table(
    "instalment",
    metadata,
    Column("arrangement_id", ForeignKey("arrangement.id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("arrangement_id", "position"),
    CheckConstraint("amount_minor > 0", name="amount"),
)

arranged_item = Table(
    "arranged_item",
    metadata,
    Column("arrangement_id", ForeignKey("arrangement.id"), nullable=False),
    Column("invoice_id", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),  # what of the bill it is about; disputed cents never are
    PrimaryKeyConstraint("arrangement_id", "invoice_id"),
)

write_off = Table(
    "write_off",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("approval_id", BigInteger, nullable=False),
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("invoice_id", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("recovered_minor", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("approval_id", "invoice_id"),
    CheckConstraint("recovered_minor >= 0 AND recovered_minor <= amount_minor", name="recovered"),
)

contacted = Table(
    "contacted",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("code", Text, nullable=False),  # core/collections/worklist.py: OUTCOMES
    Column("note", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("again_on", Date, nullable=False),  # not on the worklist before
    Column("at", Instant, nullable=False),
    Index("ix_contacted_account", "account_id", "at"),
)

placement = Table(
    "placement",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # the key both sides name it by
    Column("account_id", ForeignKey("account.id"), nullable=False, index=True),
    Column("open_id", BigInteger, unique=True),  # the account while it is placed: with one agency at a time
    Column("agency", Text, nullable=False),  # operator.yaml: collections.agencies
    Column("amount_minor", BigInteger, nullable=False),  # overdue and payable when it was placed
    Column("oldest_due", Date, nullable=False),  # of that
    Column("commission", Text, nullable=False),  # percent of what comes, as agreed when it was placed
    Column("placed_on", Date, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("recalled_on", Date),
    Column("recalled_at", Instant),
    Column("recalled_why", Text),
    Index("ix_placement_agency", "agency", "placed_on"),
    Index("ix_placement_recalled", "agency", "recalled_on"),
)
"""Debt that an agency collects for us, from the file it was in to its recall."""

exposure = Table(
    "exposure",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("limit_minor", BigInteger),  # None: no limit (any more)
    Column("unbilled_minor", BigInteger, nullable=False),  # what a bill made now would come to
    Column("guessed", Boolean, nullable=False),  # the usage is not known: by the days of the last bill
    Column("open_minor", BigInteger, nullable=False),  # of bills, neither contested nor being paid just now
    Column("pending_minor", BigInteger, nullable=False),  # of bills, with a payment under way that may not arrive
    Column("credit_minor", BigInteger, nullable=False),  # paid beforehand
    Column("total_minor", BigInteger, nullable=False),  # unbilled + open + pending - credit, at least 0
    Column("percent", Integer, nullable=False),  # of the limit
    Column("round", Integer, nullable=False),  # which crossing this is, so that each tells its two thresholds once
    Column("told", SmallInteger, nullable=False),  # 0, 1 the warning, 2 the limit
    Column("barred", Boolean, nullable=False),  # a line is restricted because of it
    Column("why", Text),  # why nothing is restricted although the limit is reached
    Column("at", Instant, nullable=False),
    Index("ix_exposure_total", "total_minor"),
    Index("ix_exposure_percent", "percent"),
)
"""How far each account with a limit has used it."""

own_limit = Table(
    "own_limit",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("limit_minor", BigInteger),  # None: none at all
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Instant, nullable=False),
)
"""A limit that differs from the rule of its segment."""
