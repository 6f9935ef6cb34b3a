"""All tables of all rooms, gathered on one metadata: what the migrations must equal."""

from sqlalchemy import BigInteger, Column, Table, Text

from core import alarms, audit, costs, delivery, effects, outbox, pace, tries
from core.access import tables as access
from core.approvals import tables as approvals
from core.balances import tables as balances
from core.barring import tables as barring
from core.billing import tables as billing
from core.campaigns import tables as campaigns
from core.care import tables as care
from core.catalog import tables as catalog
from core.chat import tables as chat
from core.collections import tables as collections
from core.db import metadata
from core.journeys import own_words
from core.ledger import tables as ledger
from core.metering import live_tables as live_uses
from core.metering import tables as metering
from core.overview import cards_found as cards
from core.parties import tables as parties
from core.payments import tables as payments
from core.payments.bank import tables as bank
from core.payments.desk import tables as desk
from core.payments.reconcile import tables as reconcile
from core.rewards import tables as rewards
from core.vending import tables as vending

id_block = Table(
    "id_block",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_id", BigInteger, nullable=False),
)

PARTITIONED = ("usage", "posting", "invoice_line", "usage_event")
APPEND_ONLY = (
    "journal",
    "posting",
    "audit",
    "ticket_event",
    "seal",
    "tariff_version",
    "allocation",
    "bucket_movement",
    "consent",
    "interaction",
)

__all__ = [
    "APPEND_ONLY", "PARTITIONED", "access", "alarms", "approvals", "audit", "balances", "bank", "barring", "billing", "campaigns", "cards", "care", "catalog",
    "chat", "collections", "costs", "delivery", "desk", "effects", "ledger", "live_uses", "metadata", "metering", "outbox", "own_words", "pace", "parties",
    "payments", "reconcile", "rewards", "tries", "vending",
]  # fmt: skip
