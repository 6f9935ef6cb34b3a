"""Once a day every service that was ever restricted is compared with what the network really does; what differs is wanted anew.

The question leaves by the outbox like everything else (kind `compare`, one row a day), so it is asked where the network is wired.
"""

from datetime import date
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db.bulk import update_many
from core.db.in_list import in_list
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.provisioning.contract import Network
from core.provisioning.desired import command
from core.provisioning.model import LIVE
from core.provisioning.provision import login_of
from core.provisioning.tables import bar_command, barring, network_line

AT_ONCE = 500


async def plan(app: App, on: date) -> int:
    """Let the comparison of a day leave, once; 1 the first time."""
    async with app.db.writing() as conn:
        return int(await queue.enqueue(conn, app, key=f"compare:{on}", kind="compare", template="barring.compare"))


async def compare(app: App, leaving: OutboxRow, network: Network | None) -> Outcome:
    """Ask the network about every service, in sets, and want anew what differs."""
    if network is None:
        return Outcome(leaving.id, "dropped", reason="no network is connected", attempts=leaving.attempts)
    last, differing = 0, 0
    while True:
        async with app.db.reading() as conn:
            rows = await _page(conn, last)
        seen = await network.levels([row.login for row in rows])
        async with app.db.writing() as conn:
            differing += await _note(conn, app, rows, {row.service_id: seen.get(row.login) for row in rows})
        if len(rows) < AT_ONCE:
            return Outcome(leaving.id, "sent", reason=f"{differing} differ", attempts=leaving.attempts)
        last = rows[-1].service_id


async def _page(conn: AsyncConnection, after: int) -> list[Row[Any]]:
    query = (
        select(barring.c.service_id, login_of().label("login"), barring.c.generation)
        .outerjoin(network_line, network_line.c.service_id == barring.c.service_id)
        .where(barring.c.service_id > after)
        .order_by(barring.c.service_id)
        .limit(AT_ONCE)
    )
    return list(await conn.execute(query))


async def _note(conn: AsyncConnection, context: Context, rows: list[Row[Any]], seen: dict[int, Any]) -> int:
    """Keep what was seen; where it is not what is wanted and no wish is on its way, wish it again. How many differ."""
    now = context.clock.now()
    known = [(level, now, service_id) for service_id, level in seen.items() if level is not None]
    await update_many(conn, barring, ("service_id",), ("seen", "seen_at"), known)
    under_way = select(bar_command.c.service_id).where(bar_command.c.state.in_(("created", *LIVE)))
    query = select(barring).where(
        in_list(conn, barring.c.service_id, [service_id for _, _, service_id in known]),
        barring.c.seen != barring.c.wanted,
        barring.c.service_id.not_in(under_way),
    )
    differing = list(await conn.execute(query.order_by(barring.c.service_id).with_for_update()))
    ids = [row.service_id for row in differing]
    again = update(barring).where(in_list(conn, barring.c.service_id, ids))
    await conn.execute(again.values(generation=barring.c.generation + 1))
    await command(
        conn, context, [(row.service_id, row.account_id, row.wanted, row.generation + 1) for row in differing]
    )
    return len(differing)
