"""Writes tickets and their logs. A log is only ever added to; the ticket's row holds where it stands now."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert as sql_insert
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import reference
from core.care.model import Ticket
from core.care.tables import ticket, ticket_event
from core.context import Context
from core.db.engine import insert

COLUMNS = [ticket.c[name] for name in Ticket.__dataclass_fields__]
TRIES = 8


async def by_key(conn: AsyncConnection, key: str) -> Ticket | None:
    """The ticket that was opened under `key`."""
    row = (await conn.execute(select(*COLUMNS).where(ticket.c.effect_key == key))).first()
    return Ticket(*row) if row else None


async def add(conn: AsyncConnection, context: Context, key: str, values: dict[str, Any]) -> tuple[Ticket, bool]:
    """Write a ticket under a fresh reference: it, and whether it is new (another may have written `key` meanwhile)."""
    now = context.clock.now()
    for tries in range(TRIES):
        row = {
            "id": context.ids.take(),
            "reference": reference.draw(reference.DIGITS + tries // 4),
            "effect_key": key,
            "state": "open",
            "opened_at": now,
            "changed_at": now,
            **values,
        }
        done = await conn.execute(insert(conn, ticket).values(row).on_conflict_do_nothing())
        written = await by_key(conn, key)
        if written is not None:
            return written, done.rowcount == 1
    raise RuntimeError(f"no free ticket reference after {TRIES} tries")


async def happened(
    conn: AsyncConnection, context: Context, ticket_ids: Sequence[int], actor: str, kind: str, **details: Any
) -> None:
    """Add the same entry to the log of each of these tickets."""
    now = context.clock.now()
    rows = [
        {"id": number, "ticket_id": ticket_id, "at": now, "actor": actor, "kind": kind, "details": details}
        for number, ticket_id in zip(context.ids.take_many(len(ticket_ids)), ticket_ids, strict=True)
    ]
    if rows:
        await conn.execute(sql_insert(ticket_event), rows)


async def stand(conn: AsyncConnection, context: Context, ticket_ids: Sequence[int], state: str) -> None:
    """Put these tickets into a state."""
    await conn.execute(
        update(ticket).where(ticket.c.id.in_(ticket_ids)).values(state=state, changed_at=context.clock.now())
    )
