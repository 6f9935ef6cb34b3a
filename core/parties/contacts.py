"""How a person reaches us. A contact is known by (channel, user id); the phone is something it may have, never the key.

A contact that brings a phone which is on file with an account is linked to that account (how = `record`) once, when it is made
or when its phone becomes known; who unlinks an account afterwards stays unlinked.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.parties.model import LEFT, PHONE, Contact, medium, subscriber_of
from core.parties.tables import contact, contact_account, party, sim_change
from core.phone import from_provider, may_vary, subscriber

BY_NUMBER = frozenset({PHONE, "whatsapp"})
"""The media whose people are known by a number."""
COLUMNS = [contact.c[name] for name in Contact.__dataclass_fields__]


async def find(conn: AsyncConnection, channel: str, user: str) -> Contact | None:
    """Who this is, if we have met: under this very name, else under another spelling of the same number."""
    row = (await conn.execute(_known(channel, user))).first()
    if row is None and (number := _number(channel, user)) and may_vary(number):
        same = select(*COLUMNS).where(contact.c.subscriber == subscriber(number), contact.c.channel == medium(channel))
        row = (await conn.execute(same.order_by(contact.c.party_id.is_(None), contact.c.id).limit(1))).first()
    return Contact(*row) if row else None


def _number(channel: str, user: str) -> str | None:
    """The number of somebody who is known by it."""
    return from_provider(user) if medium(channel) in BY_NUMBER else None


async def by_id(conn: AsyncConnection, contact_id: int) -> Contact | None:
    """The contact of this id."""
    row = (await conn.execute(select(*COLUMNS).where(contact.c.id == contact_id))).first()
    return Contact(*row) if row else None


async def find_or_make(
    conn: AsyncConnection, context: Context, channel: str, user: str, phone: str | None = None
) -> Contact:
    """Who this is, made at the first meeting. `phone` (E.164) must be vouched for by the channel, not typed by a person."""
    known = await find(conn, channel, user)
    number = phone or (user if medium(channel) == PHONE else None)
    if known and (number is None or (known.phone is not None and subscriber(known.phone) == subscriber(number))):
        return known
    if number and medium(channel) != PHONE and await _was_left(conn, number):
        number = None
        if known:
            return known
    if known is None:
        known = await _make(conn, context, medium(channel), user, number)
    else:
        text = {"phone": number, "subscriber": subscriber_of(None, number)}
        await conn.execute(update(contact).where(contact.c.id == known.id).values(**text))
    await _link_on_record(conn, context, known.id, number)
    return await find(conn, channel, user) or known


async def set_language(conn: AsyncConnection, contact_id: int, lang: str) -> None:
    """Speak `lang` with this contact from now on; bills, links and letters of the customer it belongs to follow."""
    await conn.execute(update(contact).where(contact.c.id == contact_id).values(language=lang))
    whose = select(contact.c.party_id).where(contact.c.id == contact_id).scalar_subquery()
    await conn.execute(update(party).where(party.c.id == whose).values(language=lang))


async def bounced(conn: AsyncConnection, now: datetime, channel: str, address: str, whose: ColumnElement[bool]) -> None:
    """Mail to this address came back for good, as far as it is one of these contacts; the first time counts."""
    gone = update(contact).where(contact.c.channel == channel, contact.c.channel_user == address, whose)
    await conn.execute(gone.where(contact.c.bounced_at.is_(None)).values(bounced_at=now))


async def mail_works(conn: AsyncConnection, contact_id: int) -> None:
    """Somebody wrote from this address: it is written to again."""
    came = update(contact).where(contact.c.id == contact_id, contact.c.bounced_at.is_not(None))
    await conn.execute(came.values(bounced_at=None))


def _known(channel: str, user: str) -> Select[Any]:
    return select(*COLUMNS).where(contact.c.channel == medium(channel), contact.c.channel_user == user)


async def _make(conn: AsyncConnection, context: Context, channel: str, user: str, phone: str | None) -> Contact:
    result = Contact(context.ids.take(), channel, user, phone, None, context.operator.languages[0], False, None)
    row = {name: getattr(result, name) for name in Contact.__dataclass_fields__}
    await conn.execute(
        insert(conn, contact)
        .values(row | {"created_at": context.clock.now()})
        .on_conflict_do_nothing(index_elements=["channel", "channel_user"])
    )
    return await find(conn, channel, user) or result


async def _was_left(conn: AsyncConnection, phone: str) -> bool:
    """Whether a chat moved away from this number: since then its word alone links nobody."""
    gone = select(sim_change.c.id).where(sim_change.c.phone == subscriber(phone), sim_change.c.kind == LEFT)
    return (await conn.execute(gone.limit(1))).first() is not None


async def _link_on_record(conn: AsyncConnection, context: Context, contact_id: int, phone: str | None) -> None:
    """Link to every account whose phone of record this is; take over the person's language and party."""
    if phone is None:
        return
    owner = (
        await conn.execute(
            select(contact.c.id, contact.c.party_id, contact.c.language)
            .where(
                contact.c.channel == PHONE,
                contact.c.party_id.is_not(None),
                or_(contact.c.channel_user == phone, contact.c.subscriber == subscriber(phone)),
            )
            .order_by(contact.c.channel_user != phone, contact.c.id)
            .limit(1)
        )
    ).first()
    if owner is None or owner.id == contact_id:
        return
    await conn.execute(
        update(contact).where(contact.c.id == contact_id).values(party_id=owner.party_id, language=owner.language)
    )
    theirs = select(
        literal(contact_id), contact_account.c.account_id, literal(context.clock.now()), literal("record")
    ).where(contact_account.c.contact_id == owner.id, contact_account.c.how == "record")
    await conn.execute(
        insert(conn, contact_account)
        .from_select(["contact_id", "account_id", "linked_at", "how"], theirs)
        .on_conflict_do_nothing()
    )
