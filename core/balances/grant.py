"""Puts something into a bucket: a new one (a bundle that was bought or given), or more into one that is there (a top-up)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.balances import book, store
from core.balances import tables as t
from core.balances.keyed import once
from core.balances.model import LARGEST, OPEN, Bucket, BucketPart, is_money
from core.balances.queries import purse
from core.balances.words import amount_of
from core.config.operator import Welcome
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.parties.tables import account

MONEY_PRIORITY, PRIORITY = 90, 50
"""What was bought for a use is drawn before money, unless the operator says otherwise."""


def priority_of(unit: str) -> int:
    """When a bucket of this unit is drawn, unless somebody says otherwise."""
    return MONEY_PRIORITY if is_money(unit) else PRIORITY


@dataclass(frozen=True, slots=True)
class Grant:
    """A bucket to be: `amount` in minor units of a currency, else in micro-units; `shared_with` are other accounts."""

    account_id: int
    unit: str
    amount: int
    name: Mapping[str, str]
    code: str = "bundle"
    uses: Sequence[str] = ()
    service_id: int | None = None
    priority: int = PRIORITY
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    rollovers: int = 0
    rollover_cap: int | None = None
    shared_with: Collection[int] = field(default_factory=tuple)
    gift: bool = True
    """Money only: whether it is ours to give; else somebody's till took it, and its other side waits in suspense."""

    def asked(self) -> dict[str, Any]:
        """What tells it from another grant under the same key."""
        return {"account": self.account_id, "unit": self.unit, "amount": self.amount, "code": self.code}


async def grant(conn: AsyncConnection, context: Context, given: Grant, *, key: str, why: str, actor: str) -> int:
    """A new bucket; its id. The same key again gives the same bucket."""
    _sane(given.amount)

    async def do() -> dict[str, Any]:
        bucket = new_bucket(context, given)
        await store.open_bucket(conn, bucket, {given.account_id, *given.shared_with})
        await store.move(conn, context, key, "granted", why, [BucketPart(bucket.id, given.amount)])
        await book.came_in(conn, context, bucket, given.amount, gift=given.gift)
        await trail.note(conn, context, actor, "bucket.granted", f"bucket:{bucket.id}", amount=given.amount, why=why)
        return {"bucket": bucket.id}

    return int((await once(conn, context, "grant", key, given.asked(), do))["bucket"])


async def put_in(conn: AsyncConnection, context: Context, given: Grant, *, key: str, why: str, actor: str) -> int:
    """Prepaid money for any use goes to the account's one purse; anything else is a new bucket. The bucket's id."""
    _sane(given.amount)

    async def do() -> dict[str, Any]:
        await conn.execute(select(account.c.id).where(account.c.id == given.account_id).with_for_update())
        plain = is_money(given.unit) and not given.uses and given.expires_at is None and given.service_id is None
        mine = await purse(conn, given.account_id, given.unit) if plain else None
        if mine is None:
            return {"bucket": await grant(conn, context, given, key=key, why=why, actor=actor)}
        await top_up(conn, context, mine.id, given.amount, key=key, why=why, actor=actor, gift=given.gift)
        return {"bucket": mine.id}

    return int((await once(conn, context, "put", key, given.asked(), do))["bucket"])


async def top_up(
    conn: AsyncConnection,
    context: Context,
    bucket_id: int,
    amount: int,
    *,
    key: str,
    why: str,
    actor: str,
    expires_at: datetime | None = None,
    gift: bool = True,
) -> None:
    """More into an open bucket; its thresholds count from what is there now. Refused `bucket.gone` when it is none."""
    _sane(amount)

    async def do() -> dict[str, Any]:
        bucket = (await store.locked(conn, [bucket_id])).get(bucket_id)
        if bucket is None or not (bucket.state == OPEN and bucket.alive(max(context.clock.now(), bucket.starts_at))):
            raise Refused("bucket.gone", 404)
        filled = replace(
            bucket,
            granted=bucket.granted + amount,
            amount=bucket.amount + amount,
            basis=bucket.amount + amount,
            round=bucket.round + 1,
            told=0,
            expires_at=expires_at or bucket.expires_at,
        )
        await store.keep(conn, context, [filled])
        await store.move(conn, context, key, "granted", why, [BucketPart(bucket_id, amount)])
        await book.came_in(conn, context, filled, amount, gift=gift)
        await trail.note(conn, context, actor, "bucket.filled", f"bucket:{bucket_id}", amount=amount, why=why)
        return {}

    await once(conn, context, "fill", key, {"bucket": bucket_id, "amount": amount}, do)


async def welcome(conn: AsyncConnection, context: Context, given: Welcome, services: Sequence[tuple[int, int]]) -> None:
    """The operator's welcome for services made in this transaction, (account, service) each, by a fixed number of statements."""
    unit, amount = amount_of(given.amount, given.unit)
    until = context.clock.now() + timedelta(days=given.days) if given.days else None
    uses = [given.use] if given.use else []
    bundles = [
        new_bucket(
            context,
            Grant(
                account_id, unit, amount, given.name, "welcome", uses, service_id, priority_of(unit), expires_at=until
            ),
        )
        for account_id, service_id in services
    ]
    await store.open_many(conn, bundles)
    await store.move_many(
        conn, context, "granted", "welcome", [(f"welcome:{one.id}", one.id, amount) for one in bundles]
    )
    await book.came_in_many(conn, context, [(one, amount) for one in bundles], gift=True)


async def share(conn: AsyncConnection, context: Context, bucket_id: int, account_id: int, *, actor: str) -> None:
    """Let another account draw from it too."""
    shared = insert(conn, t.bucket_user).values(bucket_id=bucket_id, account_id=account_id)
    await conn.execute(shared.on_conflict_do_nothing())
    await trail.note(conn, context, actor, "bucket.shared", f"bucket:{bucket_id}", account=account_id)


def _sane(amount: int) -> None:
    if not 0 < amount <= LARGEST:
        raise Refused("bucket.amount", 400)


def new_bucket(context: Context, given: Grant) -> Bucket:
    """The bucket that a grant makes."""
    now = context.clock.now()
    return Bucket(
        context.ids.take(),
        given.account_id,
        given.service_id,
        given.code,
        given.name,
        given.unit,
        tuple(given.uses),
        given.priority,
        given.amount,
        given.amount,
        0,
        given.amount,
        0,
        0,
        given.starts_at or now,
        given.expires_at,
        given.rollovers,
        given.rollover_cap,
        OPEN,
        now,
    )
