"""A message came back: it goes the next way, and an address that is gone is written to no more until its holder writes from it.

The report is believed only about the message it names by the id that we gave it, and about an address that message could have gone to.
"""

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.message import Delivery
from core.outbox import delivery_reports
from core.outbox.queue import outbox
from core.parties.tables import contact, contact_account


async def report(conn: AsyncConnection, context: Context, told: Delivery) -> bool:
    """Take in one report about a message; whether a message of ours changed by it."""
    changed = await delivery_reports.report(conn, context, told)
    if changed and told.details.get("gone"):
        out, link = outbox.c, contact_account.c
        linked = select(link.contact_id).join(outbox, out.account_id == link.account_id)
        named = select(out.contact_id).where(out.provider_ref == told.provider_ref)
        its_own = or_(contact.c.id.in_(linked.where(out.provider_ref == told.provider_ref)), contact.c.id.in_(named))
        gone = update(contact).where(
            contact.c.channel == told.channel, contact.c.channel_user == told.details["gone"], its_own
        )
        await conn.execute(gone.where(contact.c.bounced_at.is_(None)).values(bounced_at=context.clock.now()))
    return changed


async def wrote(conn: AsyncConnection, contact_id: int) -> None:
    """They wrote from this address: it works."""
    came = update(contact).where(contact.c.id == contact_id, contact.c.bounced_at.is_not(None))
    await conn.execute(came.values(bounced_at=None))
