"""Letters taken out of a mailbox: each is claimed by its Message-ID before anything is done with it, and done with once.

A claim is a lease: who dies with a letter in hand leaves it to the next, and who fails gives it back at once.
"""

from datetime import timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.tables import letter
from core.context import Context
from core.db.engine import insert

LEASE = timedelta(minutes=2)


async def claim(conn: AsyncConnection, context: Context, message_id: str) -> Literal["mine", "another's", "done"]:
    """Whose it is from now on."""
    now = context.clock.now()
    taken = insert(conn, letter).values(message_id=message_id, claimed_until=now + LEASE)
    free = letter.c.done_at.is_(None) & (letter.c.claimed_until <= now)
    taken = taken.on_conflict_do_update(index_elements=["message_id"], set_={"claimed_until": now + LEASE}, where=free)
    if (await conn.execute(taken)).rowcount == 1:
        return "mine"
    done = (await conn.execute(select(letter.c.done_at).where(letter.c.message_id == message_id))).scalar_one()
    return "another's" if done is None else "done"


async def done(conn: AsyncConnection, context: Context, message_id: str) -> None:
    """It is taken in."""
    now = context.clock.now()
    await conn.execute(update(letter).where(letter.c.message_id == message_id).values(done_at=now))


async def release(conn: AsyncConnection, context: Context, message_id: str) -> None:
    """It could not be taken in: whoever looks next may try."""
    mine = letter.c.message_id == message_id
    await conn.execute(update(letter).where(mine, letter.c.done_at.is_(None)).values(claimed_until=context.clock.now()))
