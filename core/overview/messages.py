"""Messages of one phone, for the phone page's inbox, and replies that have not left yet; what passed is `core/care/interactions.py`."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.tables import interaction
from core.outbox.queue import outbox
from core.parties.tables import contact

LAST = 50


async def sms_of(conn: AsyncConnection, phone: str) -> list[dict[str, Any]]:
    """The last SMS of a phone, oldest first; `side` as the handset sees it: `in` arrived there, `out` was sent from there."""
    columns = (interaction.c.id, interaction.c.direction, interaction.c.text, interaction.c.at)
    start = interaction.join(contact, contact.c.id == interaction.c.contact_id)
    mine = (contact.c.channel == "phone") & (contact.c.channel_user == phone) & (interaction.c.channel == "sms")
    text = interaction.c.kind != "code"  # which is remembered without its digits
    query = (
        select(*columns).select_from(start).where(mine, text).order_by(interaction.c.at.desc(), interaction.c.id.desc())
    )
    return [
        {
            "id": str(row.id),
            "side": "out" if row.direction == "in" else "in",
            "text": row.text,
            "at": row.at.isoformat(),
        }
        for row in reversed((await conn.execute(query.limit(LAST))).all())
    ]


async def on_their_way(conn: AsyncConnection, contact_id: int) -> list[str]:
    """Replies to a contact that wait in the outbox, in their order: a clerk sees their own words at once."""
    waiting = select(outbox.c.params).where(
        outbox.c.contact_id == contact_id,
        outbox.c.template == "reply.text",
        outbox.c.state.in_(("waiting", "claimed", "leaving")),
    )
    rows = await conn.execute(waiting.order_by(outbox.c.id).limit(LAST))
    return [str(params["text"]) for params in rows.scalars()]
