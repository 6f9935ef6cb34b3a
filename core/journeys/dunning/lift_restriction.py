"""A restriction ends: what neither the ladder nor a credit limit asks for is as sold again, at once, and the customer hears of it.

Both may restrict the same line, and it stays as the harder of the two says until both are over.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import exposures
from core.collections.model import AFRESH
from core.collections.tables import episode
from core.config.collections import LEVEL
from core.context import Context
from core.db.in_list import in_list
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.provisioning import queries as barring
from core.provisioning.desired import want
from core.provisioning.model import LEVELS, Level

_STANDS: dict[str, Level] = {**LEVEL, "final": "hard"}
"""How a line is restricted on a step of the ladder."""


def limit_level(context: Context) -> Level | None:
    """How far a line is restricted at the limit; None: not at all, or there is no network to tell."""
    return context.operator.collections.credit_limit.bars if context.site.network_connected else None


async def lift(conn: AsyncConnection, context: Context, account_ids: Sequence[int], why: str) -> int:
    """The ladder restricts these no more; how many services changed."""
    hard = context.operator.collections.credit_limit.bars or "none"
    return await _down_to(
        conn, context, dict.fromkeys(await exposures.barred(conn, account_ids), hard), account_ids, why
    )


async def release(conn: AsyncConnection, context: Context, account_ids: Sequence[int]) -> int:
    """Their limit restricts these no more; how many services changed."""
    standing = select(episode.c.account_id, episode.c.position).where(
        in_list(conn, episode.c.open_id, account_ids),
        episode.c.position.in_(list(_STANDS)),
        func.coalesce(episode.c.held, "").not_in(AFRESH),
    )
    ladder = {row[0]: _STANDS[row[1]] for row in await conn.execute(standing)}
    return await _down_to(conn, context, ladder, account_ids, "credit limit")


async def _down_to(
    conn: AsyncConnection, context: Context, left: Mapping[int, Level], account_ids: Sequence[int], why: str
) -> int:
    """Want every restricted service of these accounts as `left` says of its account, else as sold, and never harder than now."""
    restricted = await barring.lines_of(conn, account_ids)
    wishes = {row.service_id: min(left.get(row.account_id, "none"), row.wanted, key=LEVELS.index) for row in restricted}
    kbps = context.operator.collections.ladder_of(context.operator.country, "").soft_kbps
    changed = set(await want(conn, context, wishes, why=why, kbps=kbps))
    free = {row.account_id for row in restricted if row.service_id in changed and wishes[row.service_id] == "none"}
    now = context.clock.now()
    letters = [
        OutboxDraft(
            f"restored:{one}:{now.isoformat()}", "notice", "notice.restored", account_id=one, resend_unknown=True
        )
        for one in account_ids
        if one in free
    ]
    if letters:
        await queue.enqueue_many(conn, context, letters)
    return len(changed)
