"""What a customer has, as of now: the same rows that are drawn from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import tables as t
from core.balances.model import OPEN, Bucket
from core.balances.store import BUCKET
from core.db.in_list import in_list


async def buckets_of(conn: AsyncConnection, account_id: int, now: datetime | None = None) -> list[Bucket]:
    """What the account may draw from, in the order it is drawn; with `now`, only what is alive then."""
    b = t.bucket.c
    rows = await conn.execute(
        select(*BUCKET)
        .join_from(t.bucket, t.bucket_user)
        .where(t.bucket_user.c.account_id == account_id, b.state == OPEN)
        .order_by(b.priority, b.expires_at.is_(None), b.expires_at, b.id)
    )
    found = [Bucket(*row) for row in rows]
    return found if now is None else [one for one in found if one.alive(now)]


async def buckets(conn: AsyncConnection, ids: Collection[int]) -> Mapping[int, Bucket]:
    """Buckets by id."""
    rows = await conn.execute(select(*BUCKET).where(in_list(conn, t.bucket.c.id, ids)))
    return {row.id: Bucket(*row) for row in rows}


async def purse(conn: AsyncConnection, account_id: int, currency: str) -> Bucket | None:
    """The bucket that money goes into: the account's own, for any use, without an end."""
    mine = await buckets_of(conn, account_id)
    fit = [one for one in mine if one.account_id == account_id and one.unit == currency and not one.uses]
    return next((one for one in fit if one.expires_at is None and one.service_id is None), None)


async def movements(conn: AsyncConnection, account_id: int, limit: int = 20) -> Sequence[Row[*tuple[Any, ...]]]:
    """The last movements of the account's buckets: bucket_id, kind, amount, why, at, unit, name; the newest first."""
    m, b = t.bucket_movement.c, t.bucket.c
    rows = await conn.execute(
        select(m.bucket_id, m.kind, m.amount, m.why, m.at, b.unit, b.name)
        .join_from(t.bucket_movement, t.bucket, b.id == m.bucket_id)
        .where(b.account_id == account_id)
        .order_by(m.at.desc(), m.id.desc())
        .limit(limit)
    )
    return rows.all()
