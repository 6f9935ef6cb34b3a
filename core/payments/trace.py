"""Where is my payment? By any reference they have: the provider's number, our receipt, or the state of their latest tries.

Only of their own account, or of money nobody has claimed: what is another's is not there for them.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.payments.tables import attempt, receipt

WORDS = {
    "created": "initiated", "sent": "initiated", "unknown": "pending", "awaiting_customer": "pending",
    "succeeded": "settled", "failed": "failed", "expired": "failed",
}  # fmt: skip
STATES = {"placed": "settled", "suspense": "unclaimed", "reversed": "refunded"}


@dataclass(frozen=True, slots=True)
class Traced:
    """One payment as its payer may see it. `state`: initiated, pending, settled, unclaimed, refunded or failed."""

    state: str
    amount_minor: int
    currency: str
    at: datetime
    number: str
    receipt_id: int | None = None


async def trace(conn: AsyncConnection, account_id: int, reference: str) -> Traced | None:
    """The payment of that reference; None when there is none they may see."""
    typed = reference.strip()
    names = (typed, typed.upper())
    found = (
        await conn.execute(
            select(receipt)
            .where(
                receipt.c.provider_txn.in_(names),
                or_(receipt.c.account_id == account_id, receipt.c.state == "suspense"),
            )
            .order_by(receipt.c.id.desc())
            .limit(1)
        )
    ).first()
    if found:
        return Traced(
            STATES[found.state], found.amount_minor, found.currency, found.received_at, found.provider_txn, found.id
        )
    latest = await recent(conn, account_id, limit=20)
    return next((one for one in latest if one.number in names), None)


async def latest(conn: AsyncConnection, account_id: int, *, limit: int = 3) -> list[Traced]:
    """What arrived for them and what they tried without it arriving (yet), the newest first."""
    query = select(receipt).where(receipt.c.account_id == account_id).order_by(receipt.c.received_at.desc())
    arrived = [
        Traced(STATES[row.state], row.amount_minor, row.currency, row.received_at, row.provider_txn, row.id)
        for row in await conn.execute(query.limit(limit))
    ]
    tried = [one for one in await recent(conn, account_id) if one.state != "settled"]
    return sorted([*arrived, *tried], key=lambda one: one.at, reverse=True)[:limit]


async def recent(conn: AsyncConnection, account_id: int, *, limit: int = 5) -> list[Traced]:
    """Their latest tries to pay, the newest first."""
    query = select(attempt).where(attempt.c.account_id == account_id, attempt.c.method != "refund")
    rows = await conn.execute(query.order_by(attempt.c.id.desc()).limit(limit))
    return [
        Traced(WORDS[row.state], row.amount_minor, row.currency, row.created_at, row.provider_ref or "") for row in rows
    ]
