"""A customer at the self-care pages: a random cookie, kept as a digest, that ends here and not only in the browser.

It ends when they sign out, half an hour after the last page, `AT_MOST` after it began whatever happens, when a link is taken away
(`parting.py`), and when another SIM came under the number that opened it.
"""

from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.parties import sim
from core.parties.tables import page_sitting

IDLE, AT_MOST = timedelta(minutes=30), timedelta(hours=12)
RENEWED = timedelta(minutes=1)
"""A page that is opened sooner after the one before writes nothing."""


async def begin(conn: AsyncConnection, context: Context, contact_id: int, digest: str) -> None:
    """A new sitting under the digest of its cookie. Those that are over are cleared away."""
    now = context.clock.now()
    await conn.execute(delete(page_sitting).where(page_sitting.c.ends_at <= now))
    row = {"hash": digest, "contact_id": contact_id, "opened_at": now, "ends_at": now + IDLE}
    await conn.execute(insert(page_sitting).values(row))


async def whose(conn: AsyncConnection, context: Context, digest: str) -> tuple[int, bool] | None:
    """(the contact that sits there, whether it should be renewed); None: nobody, or not any more."""
    c, now = page_sitting.c, context.clock.now()
    alive = (c.hash == digest) & (c.ends_at > now) & (c.opened_at > now - AT_MOST)
    row = (await conn.execute(select(c.contact_id, c.ends_at).where(alive))).first()
    if row is None or await sim.swapped(conn, context, row.contact_id):
        return None
    return row.contact_id, row.ends_at < now + IDLE - RENEWED


async def renew(conn: AsyncConnection, context: Context, digest: str) -> None:
    """A page of it was opened: it goes on."""
    this = update(page_sitting).where(page_sitting.c.hash == digest)
    await conn.execute(this.values(ends_at=context.clock.now() + IDLE))


async def end(conn: AsyncConnection, digest: str) -> None:
    """They signed out."""
    await conn.execute(delete(page_sitting).where(page_sitting.c.hash == digest))
