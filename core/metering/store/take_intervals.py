"""Keeps a batch of intervals in the open transaction: new ones, revisions, days and months, and what was not taken."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.errors import BadInput
from core.metering.model import Record, Reject
from core.metering.store import store
from core.metering.store.dedupe import DedupedBatch, Frame, MeterFacts, settle, span


async def take(
    conn: AsyncConnection, context: Context, file_id: int, cursor: int, batch: Sequence[Record | Reject]
) -> int:
    """Take one batch of a file; how many records it was."""
    settled, meters = await settled_batch(conn, context, file_id, batch)
    await store.keep_heard(conn, meters)
    if not await store.keep(conn, file_id, cursor, settled):
        raise BadInput(*store.BUSY)
    return settled.records


async def settled_batch(
    conn: AsyncConnection, context: Context, file_id: int, batch: Sequence[Record | Reject]
) -> tuple[DedupedBatch, Sequence[MeterFacts]]:
    """The batch decided against what is stored, and the meters it is of; nothing is written."""
    read = [item for item in batch if isinstance(item, Record)]
    meters = await store.meters(conn, {item.serial for item in read})
    known = await store.known(conn, [meter.id for meter in meters.values()], *span(read)) if read else {}
    settled = await asyncio.to_thread(settle, batch, meters, known, frame_of(context, file_id))
    return settled, list(meters.values())


def frame_of(context: Context, file_id: int) -> Frame:
    """The instant after which readings are of the future."""
    today, now = context.today(), context.clock.now()
    return Frame(context.zone, today, int((now - start_of(today, context.zone)).total_seconds()) // 60, file_id)
