"""Debt is handed to a collection agency and taken back: a row from the one to the other, one open row an account."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.collections.model import OverduePosition
from core.collections.tables import episode, placement
from core.config.collections import Agency
from core.context import Context
from core.db.bulk import insert_many, update_many
from core.db.in_list import in_list
from core.errors import Refused

_PLACED = (
    "id",
    "account_id",
    "open_id",
    "agency",
    "amount_minor",
    "oldest_due",
    "commission",
    "placed_on",
    "actor",
    "at",
)
_RECALLED = ("open_id", "recalled_on", "recalled_at", "recalled_why")


def known(context: Context, code: str) -> Agency:
    """The agency of that short name."""
    match = context.operator.collections.agencies.get(code)
    if match is None:
        raise Refused("collections.agency.unknown", names=", ".join(context.operator.collections.agencies) or "-")
    return match


async def placed(conn: AsyncConnection, account_ids: Sequence[int]) -> dict[int, str]:
    """Account -> the agency that collects it just now."""
    query = select(placement.c.open_id, placement.c.agency).where(in_list(conn, placement.c.open_id, account_ids))
    return {row[0]: row[1] for row in await conn.execute(query)}


async def place(
    conn: AsyncConnection, context: Context, code: str, chosen: Sequence[OverduePosition], *, actor: str
) -> int:
    """Hand these over; how many were new. The accounts are held and may be placed: core/journeys/dunning/agency.py."""
    agreed, today, now = known(context, code), context.today(), context.clock.now()
    rows = [
        (
            context.ids.take(),
            one.account_id,
            one.account_id,
            code,
            one.payable_minor,
            one.oldest_due or today,
            agreed.commission,
            today,
            actor,
            now,
        )
        for one in chosen
    ]
    new = await insert_many(conn, placement, _PLACED, rows, skip_known=True)
    accounts = [one.account_id for one in chosen]
    await conn.execute(update(episode).where(in_list(conn, episode.c.open_id, accounts)).values(held="agency"))
    notes = [(f"account:{row[1]}", {"agency": code, "placement": str(row[0]), "minor": row[4]}) for row in rows]
    await trail.note_many(conn, context, actor, "account.placed", notes)
    return new


async def recall(conn: AsyncConnection, context: Context, reasons: Mapping[int, str], *, actor: str) -> int:
    """The agency is to leave these accounts alone: account -> why. How many were with one; the ladder goes on where it stood."""
    names = (placement.c.id, placement.c.open_id, placement.c.agency)
    query = select(*names).where(in_list(conn, placement.c.open_id, sorted(reasons)))
    rows = (await conn.execute(query.order_by(placement.c.id))).all() if reasons else []
    if not rows:
        return 0
    today, now = context.today(), context.clock.now()
    over = [(None, today, now, reasons[row.open_id], row.id) for row in rows]
    await update_many(conn, placement, ("id",), _RECALLED, over)
    accounts = [row.open_id for row in rows]
    freed = update(episode).where(in_list(conn, episode.c.open_id, accounts), episode.c.held == "agency")
    await conn.execute(freed.values(held=None))
    notes = [
        (f"account:{row.open_id}", {"agency": row.agency, "placement": str(row.id), "why": reasons[row.open_id]})
        for row in rows
    ]
    await trail.note_many(conn, context, actor, "account.recalled", notes)
    return len(rows)
