"""Draws from what a customer has: at once (`deduct`), or held for a session first (`reserve`, then `consume` or `release`).

Buckets are locked before they are read, so two sessions at the same time never draw the same unit. Every verb has the caller's key.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import store
from core.balances.keyed import once
from core.balances.model import EXPIRED, HELD, RELEASED, USED, Bucket, BucketPart, Spent, Want, draw
from core.balances.tell import tell
from core.context import Context
from core.errors import Refused

HOLD_FOR = timedelta(minutes=15)
"""How long a reservation waits for its session unless the caller says otherwise."""


async def deduct(
    conn: AsyncConnection, context: Context, want: Want, *, key: str, why: str, partly: bool = False
) -> Spent:
    """Draw all of it now, or (`partly`) as much as there is. Refused `bucket.short` when there is too little."""
    _sane(want)

    async def do() -> dict[str, Any]:
        buckets = await store.drawable(conn, want.account_id, want.unit)
        spent = draw(buckets.values(), want, context.clock.now())
        if spent.short and not partly:
            raise Refused("bucket.short", 409)
        await _take(conn, context, buckets, {}, spent.parts, key, why)
        return _json(spent)

    return _spent(await once(conn, context, "deduct", key, want.asked() | {"partly": partly}, do))


async def reserve(
    conn: AsyncConnection, context: Context, want: Want, *, key: str, wait: timedelta = HOLD_FOR, partly: bool = False
) -> Spent:
    """Hold so much for a session, for no longer than `wait`. Refused `bucket.short` when there is too little."""
    _sane(want)

    async def do() -> dict[str, Any]:
        buckets, now = await store.drawable(conn, want.account_id, want.unit), context.clock.now()
        spent = draw(buckets.values(), want, now)
        if (spent.short and not partly) or not spent.parts:
            raise Refused("bucket.short", 409)
        await store.keep(conn, context, [store.less(buckets[one.bucket_id], 0, -one.amount) for one in spent.parts])
        row = {
            "id": context.ids.take(),
            "key": key,
            "account_id": want.account_id,
            "service_id": want.service_id,
            "use": want.use,
            "unit": want.unit,
            "held": spent.amount,
            "used": 0,
            "state": HELD,
            "expires_at": now + wait,
            "created_at": now,
        }
        await store.hold(conn, row, spent.parts)
        return _json(spent)

    return _spent(await once(conn, context, "reserve", key, want.asked() | {"partly": partly}, do))


async def consume(conn: AsyncConnection, context: Context, held_key: str, used: int, *, why: str) -> Spent:
    """The session is over and used so much: what was held and not used is free again; what was used beyond it is drawn from
    what is free (all of it, if we gave the session up). `short` is what nobody could pay. Once for each reservation; Refused
    `bucket.hold` when it was released."""
    if used < 0:
        raise Refused("bucket.amount", 400)

    async def do() -> dict[str, Any]:
        held = await store.held(conn, held_key)
        if held is None or held.state not in (HELD, EXPIRED):
            raise Refused("bucket.hold", 404 if held is None else 409)
        parts = await store.parts_of(conn, held.id) if held.state == HELD else []
        buckets = await store.drawable(conn, held.account_id, held.unit, [part.bucket_id for part in parts])
        back = {part.bucket_id: part.amount for part in parts}
        taken, left = _of_held(parts, used)
        if left:
            freed = [store.less(one, back.get(one.id, 0), back.get(one.id, 0)) for one in buckets.values()]
            more = draw(freed, Want(held.account_id, held.unit, left, held.use, held.service_id), context.clock.now())
            taken, left = _joined(taken, more.parts), more.short
        await _take(conn, context, buckets, back, taken, held_key, why)
        await store.end_hold(conn, held.id, USED, used - left)
        return _json(Spent(taken, left))

    return _spent(await once(conn, context, "consume", held_key, {"used": used}, do))


async def release(conn: AsyncConnection, context: Context, held_key: str, state: str = RELEASED) -> bool:
    """Let go of a reservation; False when it is over already (or never was)."""
    held = await store.held(conn, held_key)
    if held is None or held.state != HELD:
        return False
    parts = await store.parts_of(conn, held.id)
    buckets = await store.locked(conn, [part.bucket_id for part in parts])
    await store.keep(conn, context, [store.less(buckets[part.bucket_id], 0, part.amount) for part in parts])
    await store.end_hold(conn, held.id, state)
    return True


async def _take(
    conn: AsyncConnection,
    context: Context,
    buckets: Mapping[int, Bucket],
    back: Mapping[int, int],
    taken: tuple[BucketPart, ...],
    key: str,
    why: str,
) -> None:
    """Write what was drawn and what is no longer held, and tell what must be told."""
    drawn = {part.bucket_id: part.amount for part in taken}
    touched = sorted(drawn.keys() | back.keys())
    after = [store.less(buckets[one], drawn.get(one, 0), back.get(one, 0)) for one in touched]
    await store.keep(conn, context, await tell(conn, context, after, drawn))
    await store.move(conn, context, key, "used", why, [BucketPart(one.bucket_id, -one.amount) for one in taken])


def _of_held(parts: list[BucketPart], used: int) -> tuple[tuple[BucketPart, ...], int]:
    """What is taken of what was held, in the order it was drawn, and what is wanted beyond it."""
    taken = []
    for part in parts:
        amount = min(part.amount, used)
        if amount:
            taken.append(BucketPart(part.bucket_id, amount))
        used -= amount
    return tuple(taken), used


def _joined(one: tuple[BucketPart, ...], other: tuple[BucketPart, ...]) -> tuple[BucketPart, ...]:
    sums: dict[int, int] = {}
    for part in (*one, *other):
        sums[part.bucket_id] = sums.get(part.bucket_id, 0) + part.amount
    return tuple(BucketPart(*pair) for pair in sums.items())


def _sane(want: Want) -> None:
    if want.amount <= 0:
        raise Refused("bucket.amount", 400)


def _json(spent: Spent) -> dict[str, Any]:
    return {"parts": [[part.bucket_id, part.amount] for part in spent.parts], "short": spent.short}


def _spent(answer: Mapping[str, Any]) -> Spent:
    return Spent(tuple(BucketPart(*pair) for pair in answer["parts"]), answer["short"])
