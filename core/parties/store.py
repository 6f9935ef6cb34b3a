"""New customers, many at once: the statements that enter people, accounts, premises, services and contacts."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.bulk import insert_many
from core.db.in_list import in_list
from core.parties import tables as t

Row = tuple[Any, ...]
"""Values in the order that the docstring of the statement says."""


async def add_branches(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Branches that nobody has heard of: id, code, name."""
    await insert_many(conn, t.branch, ["id", "code", "name"], rows)


async def add_people(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """People and organisations: id, name, kind, national_id, language, created_at."""
    await insert_many(conn, t.party, ["id", "name", "kind", "national_id", "language", "created_at"], rows)


async def add_accounts(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Accounts: id, number, party_id, branch_id, segment, currency, bill_day, state, opened_on, persons, created_at."""
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
        rows,
    )


async def add_premises(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Premises: id, address, area, branch_id."""
    await insert_many(conn, t.premise, ["id", "address", "area", "branch_id"], rows)


async def add_services(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Services: id, account_id, premise_id, commodity, payment_mode, state, started_on."""
    await insert_many(
        conn, t.service, ["id", "account_id", "premise_id", "commodity", "payment_mode", "state", "started_on"], rows
    )


async def add_plans(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Which tariff a service has from which day: id, service_id, tariff, from_date."""
    await insert_many(conn, t.service_plan, ["id", "service_id", "tariff", "from_date"], rows)


async def add_contacts(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Ways to reach people: id, channel, channel_user, phone, subscriber, party_id, language, marketing, created_at."""
    await insert_many(
        conn,
        t.contact,
        ["id", "channel", "channel_user", "phone", "subscriber", "party_id", "language", "marketing", "created_at"],
        rows,
    )


async def link(conn: AsyncConnection, rows: Sequence[Row]) -> None:
    """Who speaks for which account; a link that is known stays as it is: contact_id, account_id, linked_at, how."""
    await insert_many(conn, t.contact_account, ["contact_id", "account_id", "linked_at", "how"], rows, skip_known=True)


async def adopt(conn: AsyncConnection, contact_ids: Collection[int]) -> None:
    """Contacts that wrote to us before they were customers now belong to a party; they keep the language they chose."""
    if not contact_ids:
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
    free = update(t.contact).where(in_list(conn, t.contact.c.id, contact_ids), t.contact.c.party_id.is_(None))
    await conn.execute(free.values(party_id=owner))
