"""A contact and an account brought together by a code that goes to the phone of record; and parted again."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from core.house import House
from core.parties.tables import contact_account


async def unlink(conn: AsyncConnection, _house: House, contact_id: int, account_id: int) -> bool:
    """Part them; False if they were not together."""
    gone = await conn.execute(
        delete(contact_account).where(
            contact_account.c.contact_id == contact_id, contact_account.c.account_id == account_id
        )
    )
    return gone.rowcount == 1
