"""Says that half, most or all of a bucket is used: into the outbox with the change itself, once for each filling and threshold.

Who jumps over two thresholds at once is told the higher one only.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.balances.model import Bucket, passed
from core.house import House


async def tell(conn: AsyncConnection, house: House, buckets: Sequence[Bucket]) -> list[Bucket]:
    """The buckets with what has been told noted in them; they are still to be kept."""
    return [await _one(conn, house, bucket) for bucket in buckets]


async def _one(conn: AsyncConnection, house: House, bucket: Bucket) -> Bucket:
    percent = passed(bucket, bucket.amount)
    if percent is None:
        return bucket
    await outbox.enqueue(
        conn, house, key=f"bucket:{bucket.id}:{bucket.round}:{percent}", kind="notice",
        template="bucket.used.all" if percent == 100 else "bucket.used.part",
        params={"percent": percent, "round": bucket.round}, account_id=bucket.account_id, subject_id=bucket.id,
    )  # fmt: skip
    return replace(bucket, told=percent)
