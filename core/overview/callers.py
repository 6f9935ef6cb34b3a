"""The customers one can be on the phone page: a demonstration's cast, never a way to look people up."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.parties.tables import account, contact, contact_account, party


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose phone it is."""

    phone: str
    name: str
    account_number: str
    language: str


async def callers(conn: AsyncConnection, limit: int) -> list[Caller]:
    """The first customers by account number who have a phone; each phone once."""
    columns = (contact.c.phone, party.c.name, account.c.number, contact.c.language)
    start = contact.join(contact_account, contact_account.c.contact_id == contact.c.id)
    start = start.join(account, account.c.id == contact_account.c.account_id).join(
        party, party.c.id == account.c.party_id
    )
    phones = select(*columns).select_from(start).where(contact.c.channel == "phone", contact.c.phone.is_not(None))
    rows = await conn.execute(phones.order_by(account.c.number).limit(limit * 2))
    return list({row.phone: Caller(*row) for row in rows}.values())[:limit]
