"""Messages that could not leave after all tries: what they were, for whom, and why; and sending them again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.outbox import queue
from core.outbox.queue import PRIORITIES, outbox
from core.overview.listing import AnyRow
from core.parties.tables import account, branch

LAST = 200


async def dead_letters(conn: AsyncConnection, *, branch_code: str | None) -> Sequence[AnyRow]:
    """The latest dead letters: id, kind, template, channel, attempts, reason, created_at, settled_at, account_id, number."""
    return (await conn.execute(_dead(branch_code).order_by(outbox.c.created_at.desc()).limit(LAST))).all()


async def send_again(
    conn: AsyncConnection, context: Context, ids: Sequence[int], *, branch_code: str | None, actor: str
) -> int:
    """Replay those of `ids` that are dead and of this branch; how many there were."""
    rows = await conn.execute(_dead(branch_code).where(outbox.c.id.in_(ids)))
    mine = [row.id for row in rows]
    count = await queue.replay(conn, context.clock.now(), mine)
    for row_id in mine:
        await trail.note(conn, context, actor, "outbox.replayed", f"outbox:{row_id}")
    return count


async def waiting(conn: AsyncConnection) -> dict[str, int]:
    """How many rows are in each state: for `/metrics` and the day page."""
    rows = await conn.execute(text("SELECT state, count(*) FROM outbox GROUP BY state"))
    return {row.state: row[1] for row in rows}


async def oldest_due(conn: AsyncConnection, now: datetime) -> datetime | None:
    """Since when the message has been due that has waited longest; None when nothing is due. One look at the index a priority."""
    earliest = [
        (
            await conn.execute(
                select(func.min(outbox.c.not_before)).where(outbox.c.state == "waiting", outbox.c.priority == priority)
            )
        ).scalar()
        for priority in PRIORITIES
    ]
    return min((at for at in earliest if at is not None and at <= now), default=None)


def _dead(branch_code: str | None) -> Select[*tuple[object, ...]]:
    columns = (
        outbox.c.id,
        outbox.c.kind,
        outbox.c.template,
        outbox.c.channel,
        outbox.c.attempts,
        outbox.c.reason,
        outbox.c.created_at,
        outbox.c.settled_at,
        outbox.c.account_id,
        account.c.number,
    )
    start = outbox.outerjoin(account, account.c.id == outbox.c.account_id)
    start = start.outerjoin(branch, branch.c.id == account.c.branch_id)
    query = select(*columns).select_from(start).where(outbox.c.state == "dead")
    return query if branch_code is None else query.where(branch.c.code == branch_code)
