"""Spend points: on kWh of the next bill, or on airtime for a phone. Reserved at once; the same key never spends twice."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.outbox import queue
from core.parties.tables import service
from core.rewards import store
from core.rewards.model import MICRO, Redemption, price_of_airtime, price_of_kwh


async def kwh(conn: AsyncConnection, context: Context, *, account_id: int, units: int, key: str) -> Redemption:
    """Reserve `units` whole kWh; the next bill takes them up (`units.py`)."""
    if units <= 0:
        raise Refused("rewards.nothing_chosen", status=400)
    metered = select(service.c.id).where(
        service.c.account_id == account_id, service.c.commodity == "electricity", service.c.ended_on.is_(None)
    )
    if (await conn.execute(metered.limit(1))).first() is None:
        raise Refused("rewards.no_electricity")
    points = price_of_kwh(units, context.operator.rewards)
    return await store.reserve(
        conn, context, key=f"kwh:{key}", account_id=account_id, kind="kwh", points=points, amount=units * MICRO
    )


async def airtime(
    conn: AsyncConnection, context: Context, *, account_id: int, phone: str, amount_minor: int, key: str
) -> Redemption:
    """Reserve airtime worth `amount_minor` for `phone` and let the order leave (`airtime.py` sends it)."""
    try:
        points = price_of_airtime(amount_minor, context.currency, context.operator.rewards)
    except ValueError as why:
        raise Refused("rewards.nothing_chosen", status=400) from why
    made = await store.reserve(
        conn,
        context,
        key=f"airtime:{key}",
        account_id=account_id,
        kind="airtime",
        points=points,
        amount=amount_minor,
        phone=phone,
    )
    await queue.enqueue(
        conn,
        context,
        key=f"airtime:{made.id}",
        kind="airtime",
        template="rewards.airtime",
        account_id=account_id,
        subject_id=made.id,
        priority=queue.PROMPT,
    )
    return made
