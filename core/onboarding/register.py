"""A customer in one call: party, account, premise, service, plan, contacts and meter; one by one or thousands at once.

The same statements serve both, so what a test registers is what an import registers. Numbers must be new: the import asks
`known` first, `register_customer` refuses.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import grant
from core.billing.cycles import open_cycles
from core.context import Context
from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.errors import Refused
from core.metering import tables as metering
from core.onboarding.draft import Draft, draft
from core.onboarding.model import NewCustomer, Registered
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
    made = draft(context, customers, branches, people, contacts)
    await _save(conn, made)
    await _adopt(conn, made)
    await open_cycles(conn, context, [one.account_id for one in made.registered])
    for welcome in context.operator.balances.welcome:
        fit = [
            one
            for one, who in zip(made.registered, customers, strict=True)
            if welcome.commodity in (None, who.commodity)
        ]
        await grant.welcome(conn, context, welcome, [(one.account_id, one.service_id) for one in fit])
    return made.registered


async def _branches(conn: AsyncConnection, context: Context, codes: set[str]) -> dict[str, int]:
    """Ids of the branches by code; a branch nobody has heard of is opened."""
    rows = await conn.execute(select(t.branch.c.code, t.branch.c.id).where(in_list(conn, t.branch.c.code, codes)))
    known = {row.code: row.id for row in rows}
    new = {code: context.ids.take() for code in sorted(codes - known.keys())}
    if new:
        await insert_many(conn, t.branch, ["id", "code", "name"], [(at, code, code) for code, at in new.items()])
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
    chat is hers as well, and a phone that is nobody's yet; a phone of somebody is left for a person to look at."""
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
    await insert_many(conn, t.party, ["id", "name", "kind", "national_id", "language", "created_at"], made.parties)
    await insert_many(
        conn,
        t.account,
        [
            "id",
            "number",
            "party_id",
            "branch_id",
            "segment",
            "currency",
            "bill_day",
            "state",
            "opened_on",
            "persons",
            "created_at",
        ],
        made.accounts,
    )
    await insert_many(conn, t.premise, ["id", "address", "area", "branch_id"], made.premises)
    await insert_many(
        conn,
        t.service,
        ["id", "account_id", "premise_id", "commodity", "payment_mode", "state", "started_on"],
        made.services,
    )
    await insert_many(conn, t.service_plan, ["id", "service_id", "tariff", "from_date"], made.plans)
    await insert_many(
        conn,
        t.contact,
        ["id", "channel", "channel_user", "phone", "subscriber", "party_id", "language", "marketing", "created_at"],
        made.contacts,
    )
    await insert_many(
        conn, t.contact_account, ["contact_id", "account_id", "linked_at", "how"], made.links, skip_known=True
    )
    await insert_many(conn, metering.meter, METER_COLUMNS, made.meters)


METER_COLUMNS = [
    "id", "serial", "service_id", "code", "unit", "kind", "dials", "multiplier_micro", "interval_minutes", "installed_on", "removed_on",
    "registers",
]  # fmt: skip


async def _adopt(conn: AsyncConnection, made: Draft) -> None:
    """Contacts that wrote to us before they were customers now belong to a party; they keep the language they chose."""
    if not made.adopted:
        return
    link, a = t.contact_account.c, t.account.c
    owner = (
        select(a.party_id)
        .join_from(t.contact_account, t.account)
        .where(link.contact_id == t.contact.c.id, link.how == "record")
        .order_by(a.id)
        .limit(1)
        .scalar_subquery()
    )
    await conn.execute(
        update(t.contact)
        .where(in_list(conn, t.contact.c.id, made.adopted), t.contact.c.party_id.is_(None))
        .values(party_id=owner)
    )
