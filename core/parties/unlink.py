"""The one place that takes a contact's link to an account away.

Whatever that contact has open (a talk with the bot, a chat, its own pages) was opened on the strength of the link. `parted_at` says that
it is over: each turn and each request look at it (`gateway/conversation/turn.py`, `gateway/pages/me_door.py`), wherever the session is kept.
"""

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.parties.tables import contact, contact_account, page_sitting


async def part(conn: AsyncConnection, context: Context, contact_id: int, account_id: int | None = None) -> int:
    """Take away the link to an account, or to all of them; how many there were."""
    mine = contact_account.c.contact_id == contact_id
    which = mine if account_id is None else mine & (contact_account.c.account_id == account_id)
    gone = (await conn.execute(delete(contact_account).where(which))).rowcount
    if gone:
        now = context.clock.now()
        await conn.execute(update(contact).where(contact.c.id == contact_id).values(parted_at=now))
        await conn.execute(delete(page_sitting).where(page_sitting.c.contact_id == contact_id))
    return gone
