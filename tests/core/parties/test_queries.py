"""Accounts, who hears about them, where they are; and the box that finds a customer by anything."""

import pytest
from sqlalchemy import insert

from core.care.tables import ticket
from core.context import App
from core.errors import Refused
from core.migrations.schema import metadata
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_customer, register_many
from core.parties import contacts, queries, search
from core.payments.tables import receipt

AMINA = NewCustomer(
    "Amina Wanjiku",
    number="1042",
    phone="+254712345678",
    national_id="N1",
    branch="west",
    bill_day=31,
    persons=4,
    address="Plot 7",
    area="Kawangware",
    tariff="kplc-domestic-ordinary",
    meter=NewMeter("M-1"),
)


async def test_an_account_is_read_as_it_was_registered(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, AMINA)
        found = await queries.account(conn, made.account_id)
        assert found is not None
        assert (found.number, found.name, found.bill_day, found.persons) == ("1042", "Amina Wanjiku", 31, 4)
        assert (found.currency, found.state, found.opened_on) == ("KES", "active", app.today())
        assert await queries.account_by_number(conn, " 1042 ") == found
        assert await queries.account_by_number(conn, "1043") is None
        [place] = await queries.places_of(conn, made.account_id)
        assert (place.address, place.area, place.commodity) == ("Plot 7", "Kawangware", "electricity")
        assert place.service_id == made.service_id


async def test_a_number_in_use_is_refused(app: App) -> None:
    async with app.db.writing() as conn:
        await register_customer(conn, app, AMINA)
        with pytest.raises(Refused, match=r"account\.taken"):
            await register_customer(conn, app, AMINA)


async def test_one_person_may_hold_many_accounts_and_one_phone_may_serve_two_people(app: App) -> None:
    async with app.db.writing() as conn:
        first, second, third = await register_many(
            conn,
            app,
            [
                AMINA,
                NewCustomer("Amina W.", number="1043", national_id="N1", phone=AMINA.phone),
                NewCustomer("Juma", number="1044", phone=AMINA.phone, email="juma@example.org"),
            ],
        )
        assert first.party_id == second.party_id != third.party_id
        assert first.contact_id == second.contact_id == third.contact_id
        assert first.contact_id is not None
        assert [found.number for found in await queries.accounts_of(conn, first.contact_id)] == ["1042", "1043", "1044"]


async def test_contacts_of_many_accounts_are_asked_at_once_those_of_record_first(app: App) -> None:
    async with app.db.writing() as conn:
        one, two = await register_many(conn, app, [AMINA, NewCustomer("Juma", number="2")])
        chat = await contacts.find_or_make(conn, app, "telegram", "9", phone=AMINA.phone)
        found = await queries.contacts_of(conn, [one.account_id, two.account_id])
        assert [who.id for who in found[one.account_id]] == [one.contact_id, chat.id]
        assert two.account_id not in found


async def test_thousands_of_ids_are_one_question(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, AMINA)
        assert list(await queries.accounts(conn, [*range(40_000), made.account_id])) == [made.account_id]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1042", "account"), ("+254712345678", "phone"), ("254712345678", "phone"), ("m-1", "meter"),
     ("T-9", "ticket"), ("QX1", "receipt"), ("wanj", "party")],
)  # fmt: skip
async def test_a_customer_is_found_by_whatever_she_can_name(app: App, text: str, kind: str) -> None:
    now = app.clock.now()
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, AMINA)
        await conn.execute(
            insert(ticket).values(
                id=1,
                reference="T-9",
                effect_key="t",
                account_id=made.account_id,
                kind="no_supply",
                severity="normal",
                state="open",
                description="",
                opened_at=now,
                changed_at=now,
            )
        )
        await conn.execute(
            insert(receipt).values(
                id=1,
                provider="sandbox",
                provider_txn="QX1",
                account_id=made.account_id,
                method="card",
                amount_minor=1,
                currency="KES",
                reference="",
                payer="",
                state="placed",
                received_at=now,
                booked_on=app.today(),
            )
        )
        [hit] = await queries.search(conn, text)
        assert (hit.kind, hit.account_id, hit.number, hit.name) == (kind, made.account_id, "1042", "Amina Wanjiku")


async def test_a_branch_finds_only_its_own_customers(app: App) -> None:
    async with app.db.writing() as conn:
        await register_many(conn, app, [AMINA, NewCustomer("Amina Otieno", number="5", branch="east")])
        west = await queries.account_by_number(conn, "1042")
        assert west is not None
        assert [hit.number for hit in await queries.search(conn, "amina", branch=west.branch_id)] == ["1042"]
        assert len(await queries.search(conn, "amina")) == 2
        assert await queries.search(conn, "%") == await queries.search(conn, "  ") == []


def test_the_search_names_other_rooms_columns_as_they_are() -> None:
    for named in (search.meter, search.invoice, search.ticket, search.receipt):
        assert set(named.c.keys()) <= set(metadata.tables[named.name].c.keys())
