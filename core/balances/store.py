"""The SQL that changes buckets. Whoever changes one locks it first, all of a use in order of their ids, so that no two draw the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import tables as t
from core.balances.model import HELD, OPEN, Bucket, BucketPart, is_money
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list

BUCKET = [t.bucket.c[name] for name in Bucket.__dataclass_fields__]


async def drawable(conn: AsyncConnection, account_id: int, unit: str, also: Collection[int] = ()) -> dict[int, Bucket]:
    """The open buckets of this unit that the account may draw from, and those of `also`, by id; locked."""
    b, user = t.bucket.c, t.bucket_user.c
    ids = set(also)
    mine = (
        select(b.id)
        .join_from(t.bucket, t.bucket_user)
        .where(user.account_id == account_id, b.unit == unit, b.state == OPEN)
    )
    ids.update((await conn.execute(mine)).scalars())
    return await locked(conn, ids)


async def locked(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Bucket]:
    """These buckets by id, locked in order of their ids."""
    if not ids:
        return {}
    query = select(*BUCKET).where(in_list(conn, t.bucket.c.id, ids)).order_by(t.bucket.c.id).with_for_update()
    return {row.id: Bucket(*row) for row in await conn.execute(query)}


async def keep(conn: AsyncConnection, context: Context, buckets: Sequence[Bucket]) -> None:
    """Write what changed of buckets that are locked."""
    if not buckets:
        return
    names = ("granted", "amount", "reserved", "basis", "round", "told", "expires_at", "rollovers", "state")
    change = update(t.bucket).where(t.bucket.c.id == bindparam("which"))
    change = change.values({name: bindparam(f"new_{name}") for name in names} | {"at": bindparam("now")})
    now = context.clock.now()
    rows = [{"which": one.id, "now": now} | {f"new_{name}": getattr(one, name) for name in names} for one in buckets]
    await conn.execute(change, rows)


async def move(
    conn: AsyncConnection, context: Context, key: str, kind: str, why: str, parts: Sequence[BucketPart]
) -> None:
    """Append what moved; amounts are signed."""
    if not parts:
        return
    now = context.clock.now()
    rows = [
        {
            "id": context.ids.take(),
            "bucket_id": part.bucket_id,
            "key": key,
            "kind": kind,
            "amount": part.amount,
            "why": why,
            "at": now,
        }
        for part in parts
    ]
    await conn.execute(insert(t.bucket_movement), rows)


def _row(bucket: Bucket) -> dict[str, Any]:
    row = {name: getattr(bucket, name) for name in Bucket.__dataclass_fields__}
    return row | {"name": dict(bucket.name), "uses": list(bucket.uses), "booked": 0, "money": is_money(bucket.unit)}


async def open_many(conn: AsyncConnection, buckets: Sequence[Bucket]) -> None:
    """Many new buckets, each for its owner alone."""
    rows = [_row(one) for one in buckets]
    if rows:
        await insert_many(conn, t.bucket, list(rows[0]), [tuple(row.values()) for row in rows])
        await insert_many(
            conn, t.bucket_user, ["account_id", "bucket_id"], [(one.account_id, one.id) for one in buckets]
        )


async def move_many(
    conn: AsyncConnection, context: Context, kind: str, why: str, moved: Sequence[tuple[str, int, int]]
) -> None:
    """Append many movements, (key, bucket, amount) each."""
    now = context.clock.now()
    rows = [(context.ids.take(), bucket_id, key, kind, amount, why, now) for key, bucket_id, amount in moved]
    await insert_many(conn, t.bucket_movement, ["id", "bucket_id", "key", "kind", "amount", "why", "at"], rows)


async def open_bucket(conn: AsyncConnection, bucket: Bucket, users: Collection[int]) -> None:
    """A new bucket, and who may draw from it."""
    await conn.execute(insert(t.bucket).values(_row(bucket)))
    await conn.execute(insert(t.bucket_user), [{"account_id": one, "bucket_id": bucket.id} for one in sorted(users)])


async def hold(conn: AsyncConnection, row: Mapping[str, Any], parts: Sequence[BucketPart]) -> None:
    """A new reservation and its parts."""
    await conn.execute(insert(t.hold).values(dict(row)))
    if parts:
        rows = [
            {"hold_id": row["id"], "bucket_id": part.bucket_id, "position": at, "amount": part.amount}
            for at, part in enumerate(parts)
        ]
        await conn.execute(insert(t.hold_part), rows)


async def held(conn: AsyncConnection, key: str) -> Row[*tuple[Any, ...]] | None:
    """The reservation of this key, locked; None when there is none."""
    return (await conn.execute(select(t.hold).where(t.hold.c.key == key).with_for_update())).first()


async def parts_of(conn: AsyncConnection, hold_id: int) -> list[BucketPart]:
    """What a reservation holds, in the order it was drawn."""
    p = t.hold_part.c
    rows = await conn.execute(select(p.bucket_id, p.amount).where(p.hold_id == hold_id).order_by(p.position))
    return [BucketPart(*row) for row in rows]


async def end_hold(conn: AsyncConnection, hold_id: int, state: str, used: int = 0) -> None:
    """The reservation is over."""
    await conn.execute(update(t.hold).where(t.hold.c.id == hold_id).values(state=state, used=used))


async def stale(conn: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """Keys of reservations whose session never came back."""
    h = t.hold.c
    due = select(h.key).where(h.state == HELD, h.expires_at <= now).order_by(h.expires_at).limit(limit)
    return list((await conn.execute(due)).scalars())


async def due(conn: AsyncConnection, now: datetime, limit: int) -> list[int]:
    """Ids of buckets that are past their time and still have something free, or nothing at all."""
    b = t.bucket.c
    past = select(b.id).where(b.state == OPEN, b.expires_at <= now, (b.reserved < b.amount) | (b.amount == 0))
    return list((await conn.execute(past.order_by(b.expires_at).limit(limit))).scalars())


def less(bucket: Bucket, amount: int, reserved: int = 0) -> Bucket:
    """The bucket with so much less in it, and so much less held."""
    return replace(bucket, amount=bucket.amount - amount, reserved=bucket.reserved - reserved)
