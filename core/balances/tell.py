"""Says that half, most or all of a bucket is used, or that prepaid money runs low: into the outbox with the change itself.

Each threshold once for each filling; who jumps over two at once is told the higher one only. Money that falls below the operator's (or
their own) amount is told once a crossing, and says it better than a percentage: then that is all they are told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import low
from core.balances.model import Bucket, is_money, passed, runs_low
from core.context import Context
from core.outbox import queue


async def tell(
    conn: AsyncConnection, context: Context, buckets: Sequence[Bucket], drawn: Mapping[int, int]
) -> list[Bucket]:
    """The buckets (of which so much was drawn) with what has been told noted in them; they are still to be kept."""
    purses = {one.account_id for one in buckets if is_money(one.unit) and drawn.get(one.id)}
    least = await low.amounts(conn, context, purses) if purses else {}
    return [await _one(conn, context, bucket, drawn.get(bucket.id, 0), least) for bucket in buckets]


async def _one(conn: AsyncConnection, context: Context, bucket: Bucket, drawn: int, least: Mapping[int, int]) -> Bucket:
    percent = passed(bucket, bucket.amount)
    if bucket.unit == context.currency and runs_low(bucket, drawn, least.get(bucket.account_id, 0)):
        key, template = f"bucket:{bucket.id}:{bucket.round}:low:{least[bucket.account_id]}", "bucket.low"
    elif percent is not None:
        key = f"bucket:{bucket.id}:{bucket.round}:{percent}"
        template = "bucket.used.all" if percent == 100 else "bucket.used.part"
    else:
        return bucket
    await queue.enqueue(
        conn,
        context,
        key=key,
        kind="notice",
        template=template,
        params={"percent": percent or 0, "round": bucket.round},
        account_id=bucket.account_id,
        subject_id=bucket.id,
    )
    return bucket if percent is None else replace(bucket, told=percent)
