"""All tables of all rooms, gathered on one metadata: what the migrations must equal."""
# ruff: noqa: F401 - a table stands on the metadata as soon as its module is imported

from sqlalchemy import BigInteger, Column, Table, Text

from core.access import attempts as access_attempts
from core.access import tables as access
from core.approvals import tables as approvals
from core.audit import alarms, trail
from core.balances import tables as balances
from core.billing import tables as billing
from core.campaigns import tables as campaigns
from core.care import tables as care
from core.catalog import tables as catalog
from core.chat import tables as chat
from core.collections import tables as collections
from core.db import idempotency
from core.db.engine import metadata
from core.ledger import tables as ledger
from core.metering import tables as metering
from core.metering.live import tables as live_uses
from core.notices import own_texts
from core.outbox import costs, delivery_reports, rate_limit
from core.outbox import tables as outbox
from core.overview import cards_found as cards
from core.parties import tables as parties
from core.payments import tables as payments
from core.payments.bank import tables as bank
from core.payments.desk import tables as desk
from core.payments.reconcile import tables as reconcile
from core.provisioning import tables as provisioning
from core.rewards import tables as rewards
from core.vending import tables as vending

id_block = Table(
    "id_block",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_id", BigInteger, nullable=False),
)
