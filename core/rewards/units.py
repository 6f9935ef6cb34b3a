"""kWh bought with points, on the bill: what a run may give away, and what its bills then took up.

The run asks `free_units` while it builds drafts (which move nothing), and `take_up` confirms in the transaction that makes a bill
final, oldest redemption first. A bill that used less than was reserved leaves the rest for the next one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db import bulk
from core.db.in_list import in_list
from core.rewards.model import Redemption
from core.rewards.store import COLUMNS
from core.rewards.tables import redemption

_RESERVED = (redemption.c.kind == "kwh") & (redemption.c.state == "reserved")


async def free_units(conn: AsyncConnection, account_ids: Collection[int] | None = None) -> dict[int, int]:
    """Micro-kWh reserved by each account that has any; None asks for all accounts."""
    query = select(redemption.c.account_id, func.sum(redemption.c.amount)).where(_RESERVED)
    if account_ids is not None:
        query = query.where(in_list(conn, redemption.c.account_id, account_ids))
    return {row[0]: int(row[1]) for row in await conn.execute(query.group_by(redemption.c.account_id))}


async def take_up(conn: AsyncConnection, context: Context, used: Mapping[int, tuple[int, int]]) -> int:
    """Bills became final. `used`: account -> (invoice, micro-kWh its reward line took off). How many redemptions ended."""
    reserved = await _reserved(conn, used.keys())
    done: list[tuple[Redemption, int, int]] = []
    for account_id, (invoice_id, micro) in used.items():
        left = micro
        for one in reserved.get(account_id, []):
            if left <= 0:
                break
            part = min(left, one.amount)
            done.append((one, invoice_id, part))
            left -= part
    await _write(conn, context, done)
    return len(done)


async def _reserved(conn: AsyncConnection, account_ids: Iterable[int]) -> Mapping[int, list[Redemption]]:
    query = select(*COLUMNS).where(_RESERVED, in_list(conn, redemption.c.account_id, list(account_ids)))
    match: dict[int, list[Redemption]] = defaultdict(list)
    for row in await conn.execute(query.order_by(redemption.c.id).with_for_update()):
        match[row.account_id].append(Redemption(*row))
    return match


_REST = ("id", "key", "account_id", "kind", "points", "amount", "state", "created_at")


async def _write(conn: AsyncConnection, context: Context, done: list[tuple[Redemption, int, int]]) -> None:
    """Each redemption is confirmed with its bill; what a bill did not use stays reserved as a redemption of its own."""
    now, ended, rests = context.clock.now(), [], []
    for one, invoice_id, part in done:
        points = one.points * part // one.amount
        ended.append(("confirmed", invoice_id, part, points, now, one.id))
        if part < one.amount:
            key, rest = f"{one.key}:after:{invoice_id}", one.amount - part
            row = (
                context.ids.take(),
                key,
                one.account_id,
                "kwh",
                one.points - points,
                rest,
                "reserved",
                one.created_at,
            )
            rests.append(row)
    columns = ("state", "invoice_id", "amount", "points", "settled_at")
    await bulk.update_many(conn, redemption, ("id",), columns, ended)
    if rests:
        await bulk.insert_many(conn, redemption, _REST, rests)
