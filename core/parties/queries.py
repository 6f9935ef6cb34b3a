"""Who holds which account, who may hear about it, and where it is served. `search` finds a customer by anything they can name."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, exists, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.parties import tables as t
from core.parties.contacts import COLUMNS as CONTACT
from core.parties.model import Account, Contact, Place
from core.parties.search import search

__all__ = ["account", "account_by_number", "accounts", "accounts_of", "contacts_of", "places_of", "search", "supplied"]

ENDED = "ended"


def _accounts() -> Select[Any]:
    """Accounts in the order of `Account`'s fields."""
    a, p = t.account.c, t.party.c
    return select(
        a.id,
        a.number,
        a.party_id,
        p.name,
        a.currency,
        a.bill_day,
        a.state,
        a.branch_id,
        p.language,
        a.persons,
        a.opened_on,
    ).join_from(t.account, t.party)


async def account(conn: AsyncConnection, account_id: int) -> Account | None:
    """The account of this id."""
    row = (await conn.execute(_accounts().where(t.account.c.id == account_id))).first()
    return Account(*row) if row else None


async def account_by_number(conn: AsyncConnection, number: str) -> Account | None:
    """The account of this number, as a person reads it out (blanks around it do not matter)."""
    row = (await conn.execute(_accounts().where(t.account.c.number == number.strip()))).first()
    return Account(*row) if row else None


async def accounts(conn: AsyncConnection, account_ids: Collection[int]) -> dict[int, Account]:
    """Many accounts at once, by id."""
    rows = await conn.execute(_accounts().where(in_list(conn, t.account.c.id, account_ids)))
    return {row[0]: Account(*row) for row in rows}


async def accounts_of(conn: AsyncConnection, contact_id: int) -> list[Account]:
    """The accounts a contact may ask about, by number."""
    links = select(t.contact_account.c.account_id).where(t.contact_account.c.contact_id == contact_id)
    rows = await conn.execute(_accounts().where(t.account.c.id.in_(links)).order_by(t.account.c.number))
    return [Account(*row) for row in rows]


async def links(conn: AsyncConnection, contact_id: int) -> tuple[tuple[int, ...], float]:
    """(the accounts of a contact, when it last lost one in seconds since 1970), held until the end: nobody parts them meanwhile."""
    held = select(t.contact.c.parted_at).where(t.contact.c.id == contact_id).with_for_update(key_share=True)
    at = await conn.scalar(held)
    linked = select(t.contact_account.c.account_id).where(t.contact_account.c.contact_id == contact_id)
    return tuple((await conn.execute(linked)).scalars()), at.timestamp() if at else 0.0


async def contacts_of(conn: AsyncConnection, account_ids: Collection[int]) -> dict[int, list[Contact]]:
    """Who is told about each account: those of record first, then by age. Accounts without a contact are absent."""
    link = t.contact_account.c
    rows = await conn.execute(
        select(link.account_id, *CONTACT)
        .join_from(t.contact_account, t.contact)
        .where(in_list(conn, link.account_id, account_ids))
        .order_by(link.account_id, (link.how != "record"), link.contact_id)
    )
    match: dict[int, list[Contact]] = defaultdict(list)
    for row in rows:
        match[row[0]].append(Contact(*row[1:]))
    return dict(match)


async def places_of(conn: AsyncConnection, account_id: int) -> list[Place]:
    """Where the account is served now: one entry a service, though nobody wrote down where it is."""
    p, s = t.premise.c, t.service.c
    rows = await conn.execute(
        select(p.id, func.coalesce(p.address, ""), func.coalesce(p.area, ""), p.branch_id, s.commodity, s.id)
        .join_from(t.service, t.premise, isouter=True)
        .where(s.account_id == account_id, s.state != ENDED)
        .order_by(s.id)
    )
    return [Place(*row) for row in rows]


async def supplied(conn: AsyncConnection, commodities: Iterable[str]) -> set[str]:
    """Which of these there are services of."""
    s = t.service.c
    question = [select(literal(one)).where(exists().where(s.commodity == one, s.state != ENDED)) for one in commodities]
    return {str(row[0]) for row in await conn.execute(union_all(*question))}


async def account_of_service(conn: AsyncConnection, service_id: int) -> int | None:
    """The account a service is on; None when there is no such service."""
    match: int | None = await conn.scalar(select(t.service.c.account_id).where(t.service.c.id == service_id))
    return match
