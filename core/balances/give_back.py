"""Money that a use had paid comes back: to the buckets that paid, those drawn last first; what they cannot take goes to the purse.

A use may make the others cheaper (a volume tariff), and what the customer delivers is paid for. What comes back counts as put in, not
as a new filling: it tells no threshold, and the books know of it at once.
"""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import book, store
from core.balances.grant import MONEY_PRIORITY, Grant, new_bucket
from core.balances.model import Bucket, BucketPart, draw_order
from core.balances.queries import purse
from core.context import Context


async def give_back(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    currency: str,
    minor: int,
    *,
    paid: Mapping[int, int],
    key: str,
    why: str,
) -> dict[int, int]:
    """Give so much back, of what each bucket `paid`; bucket -> what it got."""
    buckets = await store.drawable(conn, account_id, currency, paid.keys())
    now = context.clock.now()
    back = shares([one for one in buckets.values() if one.alive(max(now, one.starts_at))], paid, minor)
    if rest := minor - sum(back.values()):
        one = await _purse(conn, context, account_id, currency)
        buckets.setdefault(one.id, one)
        back[one.id] = back.get(one.id, 0) + rest
    filled = [(_fuller(buckets[one], amount), amount) for one, amount in sorted(back.items())]
    await store.keep(conn, context, [one for one, _ in filled])
    await store.move(conn, context, key, "granted", why, [BucketPart(one.id, amount) for one, amount in filled])
    await book.went_back(conn, context, filled)
    return back


def shares(buckets: list[Bucket], paid: Mapping[int, int], minor: int) -> dict[int, int]:
    """What each bucket gets of so much, at most what it paid; those that are drawn last first."""
    match: dict[int, int] = {}
    for one in sorted(buckets, key=draw_order, reverse=True):
        amount = min(minor, paid.get(one.id, 0))
        if amount > 0:
            match[one.id] = amount
            minor -= amount
    return match


async def _purse(conn: AsyncConnection, context: Context, account_id: int, currency: str) -> Bucket:
    """The account's purse; a new, empty one where it has none."""
    mine = await purse(conn, account_id, currency)
    if mine is not None:
        return (await store.locked(conn, [mine.id]))[mine.id]
    new = new_bucket(context, Grant(account_id, currency, 0, {}, "money", priority=MONEY_PRIORITY))
    await store.open_bucket(conn, new, {account_id})
    return new


def _fuller(bucket: Bucket, amount: int) -> Bucket:
    return replace(bucket, granted=bucket.granted + amount, amount=bucket.amount + amount)
