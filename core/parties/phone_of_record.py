"""The phone of record of an account: changed by a clerk who saw the customer, never while its number cools down.

Whoever holds the new number gets the codes of this account from now on, so the new number itself cools down as well: a thief at the
desk gains no refund by it.
"""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.parties import contacts, sim
from core.parties.model import PHONE
from core.parties.tables import account, contact, contact_account
from core.parties.unlink import part
from core.phone import masked, parse


async def changeable(
    conn: AsyncConnection, context: Context, account_id: int, typed: str
) -> tuple[str, dict[int, str]]:
    """(the new phone, the phones of record until now by contact). `Refused` as `change_phone` says."""
    await sim.hold(conn, context, account_id)
    phone = parse(typed, context.operator.country)
    at = contact_account.c
    on_file = select(contact.c.id, contact.c.channel_user).join(contact_account, at.contact_id == contact.c.id)
    on_file = on_file.where(at.account_id == account_id, at.how == "record", contact.c.channel == PHONE)
    before = {row.id: row.channel_user for row in await conn.execute(on_file.order_by(contact.c.id))}
    if phone is None or phone in before.values():
        raise Refused("desk.no_phone", status=400, phone=typed.strip()[:20])
    return phone, before


async def change_phone(conn: AsyncConnection, context: Context, account_id: int, typed: str, *, actor: str) -> str:
    """The new phone of record (E.164). `Refused` for what is no phone or theirs already, and while a number of the account cools down."""
    phone, before = await changeable(conn, context, account_id, typed)
    for contact_id in before:
        await part(conn, context, contact_id, account_id)
    new = await contacts.find_or_make(conn, context, PHONE, phone)
    row = {"contact_id": new.id, "account_id": account_id, "linked_at": context.clock.now(), "how": "record"}
    linked = insert(conn, contact_account).values(row)
    await conn.execute(
        linked.on_conflict_do_update(index_elements=["contact_id", "account_id"], set_={"how": "record"})
    )
    owner = select(account.c.party_id).where(account.c.id == account_id).scalar_subquery()
    nobodys = update(contact).where(contact.c.id == new.id, contact.c.party_id.is_(None))
    await conn.execute(nobodys.values(party_id=owner))
    await sim.note(conn, context, phone, "number", context.clock.now())
    text = {"before": [masked(one) for one in before.values()], "after": masked(phone)}
    await trail.note(conn, context, actor, "phone.changed", f"account:{account_id}", **text)
    return phone
