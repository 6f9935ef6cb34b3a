"""What a service should be let through, written down with the command that says so, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import insert
from core.db.in_list import in_list
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.parties.tables import service
from core.provisioning.model import LEVELS, Level
from core.provisioning.tables import bar_command, barring

IDS = 3
"""The command, the row by which it leaves, and what is noted of it."""
_NEW = ("service_id", "account_id", "wanted", "generation", "why", "wanted_at")
_COMMAND = ("id", "key", "service_id", "level", "generation", "state", "created_at")


async def want(
    conn: AsyncConnection,
    context: Context,
    services: Mapping[int, Level],
    *,
    why: str,
    kbps: int | None = None,
    softer: bool = True,
) -> list[int]:
    """Want these levels from now on; the services for which that is new. A wish that stands already is not repeated.

    `softer=False`: a line that is restricted harder for another reason stays as it is. Takes `IDS` ids a service: for many, the caller
    reserves them.
    """
    if not services:
        return []
    await _known(conn, context, list(services), why)
    held = select(barring).where(in_list(conn, barring.c.service_id, list(services))).order_by(barring.c.service_id)
    rows = [
        row
        for row in await conn.execute(held.with_for_update())
        if _changes(row.wanted, services[row.service_id], softer)
    ]
    for level in dict.fromkeys(services[row.service_id] for row in rows):
        ids = [row.service_id for row in rows if services[row.service_id] == level]
        changed = update(barring).where(in_list(conn, barring.c.service_id, ids))
        speed = kbps if level == "soft" else None
        values: dict[str, Any] = {"wanted": level, "kbps": speed, "why": why, "wanted_at": context.clock.now()}
        await conn.execute(changed.values(generation=barring.c.generation + 1, **values))
    await command(
        conn, context, [(row.service_id, row.account_id, services[row.service_id], row.generation + 1) for row in rows]
    )
    noted = [(f"service:{row.service_id}", {"level": services[row.service_id], "why": why}) for row in rows]
    await trail.note_many(conn, context, "job:collections", "service.wanted", noted)
    return [row.service_id for row in rows]


def _changes(stands: Level, wanted: Level, softer: bool) -> bool:
    return stands != wanted and (softer or LEVELS.index(wanted) > LEVELS.index(stands))


async def _known(conn: AsyncConnection, context: Context, service_ids: Sequence[int], why: str) -> None:
    query = select(service.c.id, service.c.account_id).where(in_list(conn, service.c.id, service_ids))
    now = context.clock.now()
    rows = [(row.id, row.account_id, "none", 0, why, now) for row in await conn.execute(query)]
    if rows:
        values = [dict(zip(_NEW, row, strict=True)) for row in rows]
        await conn.execute(insert(conn, barring).values(values).on_conflict_do_nothing(index_elements=["service_id"]))


async def command(conn: AsyncConnection, context: Context, wishes: Sequence[tuple[int, int, Level, int]]) -> None:
    """Put down the command of each (service, account, level, generation), and let it leave; money's unbar before notices."""
    now = context.clock.now()
    rows, letters = [], []
    for service_id, account_id, level, generation in wishes:
        command_id, key = context.ids.take(), f"bar:{service_id}:{generation}"
        rows.append((command_id, key, service_id, level, generation, "created", now))
        letters.append(
            OutboxDraft(
                f"provision:{command_id}",
                "provision",
                f"provision.{level}",
                account_id=account_id,
                subject_id=command_id,
                priority=queue.PROMPT if level == "none" else queue.NOTICE,
            )
        )
    await insert_many(conn, bar_command, _COMMAND, rows)
    await queue.enqueue_many(conn, context, letters)
