"""Writes redemptions: points leave the account when something is reserved, and come back whole when it could not be had."""

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.errors import Refused
from core.ledger.books import find_or_open
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.ledger.reverse import reverse
from core.ledger.tables import balance
from core.rewards.model import ASSET, BURNED, RETURNED, Redemption
from core.rewards.tables import redemption

COLUMNS = [redemption.c[name] for name in Redemption.__dataclass_fields__]


async def by_key(conn: AsyncConnection, key: str) -> Redemption | None:
    """What was reserved under `key`, if anything was."""
    row = (await conn.execute(select(*COLUMNS).where(redemption.c.key == key))).first()
    return Redemption(*row) if row else None


async def hold(conn: AsyncConnection, redemption_id: int) -> Redemption | None:
    """One redemption, its row locked."""
    query = select(*COLUMNS).where(redemption.c.id == redemption_id).with_for_update()
    row = (await conn.execute(query)).first()
    return Redemption(*row) if row else None


async def reserve(
    conn: AsyncConnection,
    context: Context,
    *,
    key: str,
    account_id: int,
    kind: str,
    points: int,
    amount: int,
    phone: str | None = None,
) -> Redemption:
    """Take the points and write down what for. The balance is locked first, so no point is spent twice; a known `key` (a
    double tap) gets its first answer, and `Refused` says that there are too few."""
    have = await _lock_points(conn, context, account_id)
    known = await by_key(conn, key)
    if known is not None:
        return known
    if have < points:
        raise Refused("rewards.too_few", have=have, need=points)
    made = Redemption(
        context.ids.take(), key, account_id, kind, points, amount, phone, "reserved", None, context.clock.now()
    )
    values = {name: getattr(made, name) for name in Redemption.__dataclass_fields__}
    await conn.execute(insert(redemption).values(values))
    burned = Posting(Book("points", account_id), Book("points_issued"), points, ASSET, BURNED)
    await post(conn, context, key=f"redeem:{made.id}", kind="points", booked_on=context.today(), postings=[burned])
    return made


async def _lock_points(conn: AsyncConnection, context: Context, account_id: int) -> int:
    """What the account has, locked until the transaction ends: whoever redeems next sees what is left."""
    book = (Book("points", account_id), ASSET)
    number = (await find_or_open(conn, context, [book]))[book]
    held = select(balance.c.amount).where(balance.c.ledger_account_id == number).with_for_update()
    return int((await conn.execute(held)).scalar_one())


async def move(conn: AsyncConnection, redemption_id: int, state: str, **values: Any) -> None:
    """The redemption's new state, and what came with it."""
    await conn.execute(update(redemption).where(redemption.c.id == redemption_id).values(state=state, **values))


async def confirm(conn: AsyncConnection, context: Context, held: Redemption) -> None:
    """They have it; what airtime cost the house is booked."""
    await move(conn, held.id, "confirmed", settled_at=context.clock.now(), poll_at=None)
    if held.kind == "airtime":
        cost = Posting(Book("cash:airtime"), Book("rewards_cost"), held.amount, context.currency, "airtime for points")
        await post(conn, context, key=f"airtime:{held.id}", kind="airtime", booked_on=context.today(), postings=[cost])


async def give_back(conn: AsyncConnection, context: Context, held: Redemption, reason: str) -> None:
    """It could not be had: the points return, all of them."""
    await move(conn, held.id, "reversed", settled_at=context.clock.now(), poll_at=None, reason=reason)
    await reverse(conn, context, key=f"redeem:{held.id}", booked_on=context.today(), why=RETURNED)
