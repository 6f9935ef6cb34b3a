"""Contacts: known by channel and user, USSD and SMS as one, phones on file linked once, STOP obeyed."""

from core.context import App
from core.onboarding.model import NewCustomer
from core.onboarding.register import register_customer
from core.parties import consent, contacts, link, queries

AMINA = "+254712345678"


async def test_ussd_and_sms_reach_the_same_contact(app: App) -> None:
    async with app.db.writing() as conn:
        dialled = await contacts.find_or_make(conn, app, "ussd", AMINA)
        written = await contacts.find_or_make(conn, app, "sms", AMINA)
        assert dialled == written
        assert (dialled.channel, dialled.phone) == ("phone", AMINA)
        assert await contacts.find(conn, "sms", "+254700000001") is None


async def test_a_caller_whose_phone_is_on_file_finds_her_accounts(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, NewCustomer("Amina", number="77", phone=AMINA, language="sw"))
        caller = await contacts.find_or_make(conn, app, "ussd", AMINA)
        assert (caller.id, caller.language, caller.party_id) == (made.contact_id, "sw", made.party_id)
        assert [found.number for found in await queries.accounts_of(conn, caller.id)] == ["77"]


async def test_a_chat_that_shares_a_phone_on_file_is_linked_and_spoken_to_in_that_language(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, NewCustomer("Amina", phone=AMINA, language="sw"))
        stranger = await contacts.find_or_make(conn, app, "telegram", "4711")
        assert await queries.accounts_of(conn, stranger.id) == []
        known = await contacts.find_or_make(conn, app, "telegram", "4711", phone=AMINA)
        assert (known.id, known.phone, known.party_id, known.language) == (stranger.id, AMINA, made.party_id, "sw")
        assert [found.id for found in await queries.accounts_of(conn, known.id)] == [made.account_id]


async def test_who_unlinks_an_account_stays_unlinked(app: App) -> None:
    async with app.db.writing() as conn:
        made = await register_customer(conn, app, NewCustomer("Amina", phone=AMINA))
        chat = await contacts.find_or_make(conn, app, "telegram", "4711", phone=AMINA)
        assert await link.unlink(conn, app, chat.id, made.account_id)
        again = await contacts.find_or_make(conn, app, "telegram", "4711", phone=AMINA)
        assert await queries.accounts_of(conn, again.id) == []


async def test_who_wrote_before_she_was_a_customer_is_hers_once_she_is(app: App) -> None:
    async with app.db.writing() as conn:
        caller = await contacts.find_or_make(conn, app, "ussd", AMINA)
        chat = await contacts.find_or_make(conn, app, "whatsapp", "254712345678", phone=AMINA)
        made = await register_customer(conn, app, NewCustomer("Amina", phone=AMINA))
        assert made.contact_id == caller.id
        for contact_id in (caller.id, chat.id):
            found = await contacts.by_id(conn, contact_id)
            assert found is not None and found.party_id == made.party_id
            assert [account.id for account in await queries.accounts_of(conn, contact_id)] == [made.account_id]


async def test_stop_counts_from_the_first_time_and_start_ends_it(app: App) -> None:
    async with app.db.writing() as conn:
        met = await contacts.find_or_make(conn, app, "sms", AMINA)
        await consent.stop(conn, app, met.id)
        stopped = await contacts.find(conn, "sms", AMINA)
        assert stopped is not None and stopped.stopped_at == app.clock.now() and not stopped.marketing
        await consent.start(conn, app, met.id)
        started = await contacts.find(conn, "sms", AMINA)
        assert started is not None and started.stopped_at is None and started.marketing


async def test_a_language_once_chosen_is_kept(app: App) -> None:
    async with app.db.writing() as conn:
        met = await contacts.find_or_make(conn, app, "ussd", AMINA)
        await contacts.set_language(conn, met.id, "sw")
        assert (await contacts.find_or_make(conn, app, "sms", AMINA)).language == "sw"
