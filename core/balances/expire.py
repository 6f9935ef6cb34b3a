"""Time passes: reservations whose session never came back are let go, and buckets past their day expire or live on for a month."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import store
from core.balances.model import EXPIRED, Bucket, BucketPart
from core.balances.spend import release
from core.context import App, Context
from core.rating.spans import plus_months

AT_ONCE = 500


async def tick(app: App) -> int:
    """All that is due, in small transactions; how much that was. The scheduler's job."""
    done = 0
    for work in (let_go, expire):
        while True:
            async with app.db.writing() as conn:
                some = await work(conn, app)
            done += some
            if some < AT_ONCE:
                break
    return done


async def let_go(conn: AsyncConnection, context: Context) -> int:
    """Reservations past their time; how many."""
    keys = await store.stale(conn, context.clock.now(), AT_ONCE)
    return sum([await release(conn, context, key, EXPIRED) for key in keys])


async def expire(conn: AsyncConnection, context: Context) -> int:
    """Buckets past their day: what is free is gone, or lives on up to the cap; what is held stays until its session ends."""
    now = context.clock.now()
    buckets = await store.locked(conn, await store.due(conn, now, AT_ONCE))
    for bucket in buckets.values():
        if bucket.expires_at is None or now < bucket.expires_at:
            continue  # filled and prolonged between the look and the lock
        after = lived_on(bucket, context.zone) if bucket.rollovers and bucket.amount else _gone(bucket)
        lost = bucket.amount - after.amount
        await store.keep(conn, context, [after])
        if lost:
            key = f"expiry:{bucket.id}:{bucket.round}:{bucket.amount}"
            await store.move(conn, context, key, "expired", "", [BucketPart(bucket.id, -lost)])
    return len(buckets)


def lived_on(bucket: Bucket, zone: ZoneInfo) -> Bucket:
    """What is left lives for another month of the operator's calendar, up to the cap; it counts as a new filling."""
    most = bucket.amount if bucket.rollover_cap is None else max(bucket.reserved, bucket.rollover_cap)
    amount = min(bucket.amount, most)
    return replace(
        bucket,
        amount=amount,
        basis=amount,
        round=bucket.round + 1,
        told=0,
        rollovers=bucket.rollovers - 1,
        expires_at=a_month_on(bucket.expires_at, zone) if bucket.expires_at else None,
    )


def a_month_on(instant: datetime, zone: ZoneInfo) -> datetime:
    """The same clock time a month later where the operator is."""
    local = instant.astimezone(zone)
    return datetime.combine(plus_months(local.date(), 1), local.time(), zone).astimezone(UTC)


def _gone(bucket: Bucket) -> Bucket:
    return replace(bucket, amount=bucket.reserved, state=bucket.state if bucket.reserved else EXPIRED)
