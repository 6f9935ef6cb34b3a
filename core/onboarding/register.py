"""A customer in one call: party, account, premise, service, plan, contacts and meter; one by one or thousands at once.

The same statements serve both, so what a test registers is what an import registers. Numbers must be new: the import asks
`known` first, `register_customer` refuses.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import grant
from core.billing.cycles import open_cycles
from core.context import Context
from core.db.in_list import in_list
from core.errors import Refused
from core.metering.store import meters
from core.onboarding.draft import Draft, draft
from core.onboarding.model import NewCustomer, Registered
from core.parties import store
from core.parties import tables as t
from core.parties.model import PHONE
from core.phone import subscriber

IDS_EACH = 9
"""How many ids a customer may need: reserve as many before `writing()` when there are more than a hundred."""


async def register_customer(conn: AsyncConnection, context: Context, customer: NewCustomer) -> Registered:
    """Register one; Refused `account.taken` if the number is in use."""
    taken = select(t.account.c.id).where(t.account.c.number == (customer.number or ""))
    if (await conn.execute(taken)).first():
        raise Refused("account.taken", number=customer.number)
    return (await register_many(conn, context, [customer]))[0]


async def register_many(conn: AsyncConnection, context: Context, customers: Sequence[NewCustomer]) -> list[Registered]:
    """Register all, in order, by a fixed number of statements."""
    branches = await _branches(conn, context, {customer.branch for customer in customers})
    people = await _people(conn, {customer.national_id for customer in customers if customer.national_id})
    contacts = await _contacts(conn, customers)
    result = draft(context, customers, branches, people, contacts)
    await _save(conn, result)
    await store.adopt(conn, result.adopted)
    await open_cycles(conn, context, [one.account_id for one in result.registered])
    for welcome in context.operator.balances.welcome:
        fit = [
            one
            for one, who in zip(result.registered, customers, strict=True)
            if welcome.commodity in (None, who.commodity)
        ]
        await grant.welcome(conn, context, welcome, [(one.account_id, one.service_id) for one in fit])
    return result.registered


async def _branches(conn: AsyncConnection, context: Context, codes: set[str]) -> dict[str, int]:
    """Ids of the branches by code; a branch nobody has heard of is opened."""
    rows = await conn.execute(select(t.branch.c.code, t.branch.c.id).where(in_list(conn, t.branch.c.code, codes)))
    known = {row.code: row.id for row in rows}
    new = {code: context.ids.take() for code in sorted(codes - known.keys())}
    if new:
        await store.add_branches(conn, [(at, code, code) for code, at in new.items()])
    return known | new


async def _people(conn: AsyncConnection, national_ids: set[str]) -> dict[str, int]:
    rows = await conn.execute(
        select(t.party.c.national_id, t.party.c.id).where(in_list(conn, t.party.c.national_id, national_ids))
    )
    return {row.national_id: row.id for row in rows}


async def _contacts(
    conn: AsyncConnection, customers: Sequence[NewCustomer]
) -> list[tuple[int, str, str, str | None, int | None]]:
    """(id, channel, user, phone, party) of every contact that has one of these phones or e-mail addresses. Under another spelling of the number a
    chat is theirs as well, and a phone that is nobody's yet; a phone of somebody is left for a person to look at."""
    c = t.contact.c
    phones = {customer.phone for customer in customers if customer.phone}
    emails = {customer.email for customer in customers if customer.email}
    spelled = in_list(conn, c.subscriber, {subscriber(phone) for phone in phones})
    rows = await conn.execute(
        select(c.id, c.channel, c.channel_user, c.phone, c.party_id).where(
            in_list(conn, c.phone, phones)
            | (c.channel == "email") & in_list(conn, c.channel_user, emails)
            | spelled & ((c.channel != PHONE) | c.party_id.is_(None))
        )
    )
    return [(row.id, row.channel, row.channel_user, row.phone, row.party_id) for row in rows]


async def _save(conn: AsyncConnection, made: Draft) -> None:
    await store.add_people(conn, made.parties)
    await store.add_accounts(conn, made.accounts)
    await store.add_premises(conn, made.premises)
    await store.add_services(conn, made.services)
    await store.add_plans(conn, made.plans)
    await store.add_contacts(conn, made.contacts)
    await store.link(conn, made.links)
    await meters.add(conn, made.meters)
