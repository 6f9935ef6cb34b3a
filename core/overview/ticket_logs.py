"""What happened to tickets: the logs of a whole page of them in one question."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.tables import ticket_event
from core.overview.listing import AnyRow


async def logs_of(conn: AsyncConnection, ticket_ids: Sequence[int]) -> Mapping[int, Sequence[AnyRow]]:
    """Ticket id -> its events (ticket_id, id, at, actor, kind, details), oldest first."""
    event = ticket_event.c
    columns = (event.ticket_id, event.id, event.at, event.actor, event.kind, event.details)
    query = select(*columns).where(event.ticket_id.in_(ticket_ids)).order_by(event.id)
    logs: dict[int, list[AnyRow]] = defaultdict(list)
    for row in await conn.execute(query):
        logs[row.ticket_id].append(row)
    return logs
