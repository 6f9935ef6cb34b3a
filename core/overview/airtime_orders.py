"""Orders of airtime for points whose outcome nobody knows: the provider cannot be asked, or did not say; a person finds out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import Refused
from core.parties.tables import account, branch, party
from core.rewards.tables import redemption


@dataclass(frozen=True, slots=True)
class AirtimeOrder:
    """One of them."""

    id: int
    account_id: int
    number: str
    name: str
    branch: str
    phone: str | None
    points: int
    amount_minor: int
    currency: str
    provider_ref: str | None
    reason: str | None
    created_at: datetime


async def unknown_orders(
    conn: AsyncConnection, *, branch_code: str | None = None, order_id: int | None = None, limit: int = 200
) -> list[AirtimeOrder]:
    """The oldest first."""
    r = redemption.c
    query: Select[Any] = (
        select(
            r.id,
            r.account_id,
            account.c.number,
            party.c.name,
            branch.c.code,
            r.phone,
            r.points,
            r.amount,
            account.c.currency,
            r.provider_ref,
            r.reason,
            r.created_at,
        )
        .join_from(redemption, account, account.c.id == r.account_id)
        .join(party, party.c.id == account.c.party_id)
        .join(branch, branch.c.id == account.c.branch_id)
        .where(r.state == "unknown", r.kind == "airtime")
        .order_by(r.created_at, r.id)
        .limit(limit)
    )
    if branch_code is not None:
        query = query.where(branch.c.code == branch_code)
    if order_id is not None:
        query = query.where(r.id == order_id)
    rows = (await conn.execute(query)).all()
    return [AirtimeOrder(*row) for row in rows]


async def unknown_order(conn: AsyncConnection, order_id: int) -> AirtimeOrder:
    """One; `Refused` (404) where its outcome is known."""
    match = await unknown_orders(conn, order_id=order_id)
    if not match:
        raise Refused("rewards.airtime.no_order", status=404)
    return match[0]
