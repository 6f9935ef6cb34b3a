"""Files behind which no account stands go after some days, and so do bytes that no row speaks of (a process died between the two)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import media_files
from core.care.media import STRANGERS_KEPT
from core.care.tables import media
from core.context import App
from core.db.in_list import in_list
from core.parties.tables import contact_account

BATCH = 500
ROWLESS = timedelta(days=1)


async def tick(app: App) -> int:
    """Drop what is due; how many files."""
    dropped = 0
    while digests := await _drop(app):
        dropped += await _unlink(app, digests)
    lying = await asyncio.to_thread(media_files.older_than, app.site.media_path, app.clock.now() - ROWLESS)
    for at in range(0, len(lying), BATCH):
        dropped += await _unlink(app, lying[at : at + BATCH])
    return dropped


async def _drop(app: App) -> Sequence[str]:
    """Of a batch of rows: the digests of their bytes."""
    m = media.c
    linked = exists().where(contact_account.c.contact_id == m.contact_id)
    due = select(m.id, m.sha256).where(m.state == "kept", m.at < app.clock.now() - STRANGERS_KEPT, ~linked)
    async with app.db.writing() as conn:
        rows = (await conn.execute(due.order_by(m.at, m.id).limit(BATCH))).all()
        these = in_list(conn, m.id, [row.id for row in rows])
        await conn.execute(update(media).where(these).values(state="dropped"))
    return [row.sha256 for row in rows]


async def _unlink(app: App, digests: Sequence[str]) -> int:
    """Remove bytes that no kept row speaks of; how many. Those that came anew just now are left: their row may be on its way."""
    async with app.db.reading() as conn:
        gone = set(digests) - await _spoken_of(conn, digests)
    before = app.clock.now() - ROWLESS
    return sum([await asyncio.to_thread(media_files.drop, app.site.media_path, one, before) for one in gone])


async def _spoken_of(conn: AsyncConnection, digests: Sequence[str]) -> set[str]:
    held = select(media.c.sha256).where(in_list(conn, media.c.sha256, digests), media.c.state == "kept")
    return set((await conn.execute(held)).scalars())
