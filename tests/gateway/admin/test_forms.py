"""What every form of the console may expect, by the real door: it stays when it is refused, asks before what cannot be undone, and says what it did."""

import re
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import staff
from core.approvals.tables import approval
from core.campaigns.tables import campaign
from core.collections.tables import protection
from core.db.engine import Database
from core.parties.tables import contact, contact_account
from core.payments.desk.tables import drawer_move
from core.payments.tables import receipt
from gateway.admin.auth import COOKIE
from tests.gateway.admin.console import PASSWORD, Browser, signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """The pages are the subject here."""
    return sqlite_db


NUMBER = "10000017"


async def one(world: World, query: Any) -> Any:
    async with world.app.db.reading() as conn:
        return (await conn.execute(query)).scalar_one()


async def send(browser: Browser, path: str, **form: Any) -> tuple[int, str]:
    """One press, without agreeing to anything."""
    answer = await browser.client.post(path, data={"csrf": browser.csrf, **form}, headers={"Referer": ""})
    return answer.status, await answer.text()


async def drawer_of(world: World) -> Browser:
    browser = await signed_in(world.client, world.app, "cashier")
    await browser.get("/console/cash")
    await browser.post("/console/cash", do="open", amount="100")
    return browser


async def test_cash_is_looked_up_asked_about_booked_once_printed_and_cancelled(world: World) -> None:
    browser, number = await drawer_of(world), NUMBER
    told = {"do": "receipt", "account": number, "amount": "250", "key": "press-1"}
    status, asked = await send(browser, "/console/cash", **told)
    assert status == 200 and "Wanjiru Kamau" in asked and "KES 1,000" in asked and "KES 250" in asked
    assert await one(world, select(func.count()).select_from(receipt).where(receipt.c.provider == "cash")) == 0
    hidden = dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', asked))
    for _ in range(2):
        status, printed = await send(browser, "/console/cash", **{**hidden, "csrf": browser.csrf})
        assert status == 200 and "Cash received" in printed and "KES 250" in printed and "KES 750" in printed
    assert await one(world, select(func.count()).select_from(receipt).where(receipt.c.provider == "cash")) == 1
    found = await one(world, select(receipt.c.id).where(receipt.c.provider == "cash"))
    status, refused = await send(browser, f"/console/cash/{found}/cancel", reason="", agreed="yes")
    assert status == 400 and "Say why" in refused
    gone = await browser.post(f"/console/cash/{found}/cancel", reason="the wrong account")
    assert "CANCELLED" in gone and "hand the cash back" in gone
    assert await one(world, select(func.sum(drawer_move.c.amount_minor))) == 0
    assert await one(world, select(receipt.c.state).where(receipt.c.id == found)) == "reversed"


async def test_a_receipt_of_a_counted_drawer_is_not_cancelled_at_the_desk(world: World) -> None:
    browser = await drawer_of(world)
    await browser.post("/console/cash", do="receipt", account=NUMBER, amount="250", key="press-1")
    found = await one(world, select(receipt.c.id).where(receipt.c.provider == "cash"))
    await browser.post("/console/cash", do="count", amount="350")
    status, text = await send(browser, f"/console/cash/{found}/cancel", reason="too late", agreed="yes")
    assert status == 409 and "no open drawer" in text
    assert await one(world, select(receipt.c.state).where(receipt.c.id == found)) == "placed"


async def test_an_agreed_refund_is_no_longer_expected_in_the_drawer(world: World) -> None:
    browser = await drawer_of(world)
    await browser.post("/console/cash", do="receipt", account=NUMBER, amount="250", key="press-1")
    found = await one(world, select(receipt.c.id).where(receipt.c.provider == "cash"))
    manager = await signed_in(world.client, world.app, "admin")
    await manager.get(f"/console/receipts/{found}")
    await manager.post(f"/console/receipts/{found}", do="refund", amount="50", reason="too much", key="r1")
    waits = await one(world, select(func.count()).select_from(approval).where(approval.c.state == "waiting"))
    if waits:
        other = await signed_in(world.client, world.app, "finance")
        page = await other.get("/console/approvals")
        seal = re.search(r'name="seal" value="([^"]+)"', page)
        asked = await one(world, select(approval.c.id))
        assert seal is not None
        await other.post(f"/console/approvals/{asked}", do="yes", seal=seal[1])
    assert await one(world, select(func.sum(drawer_move.c.amount_minor))) == 20_000


@pytest.mark.parametrize(
    ("form", "field", "word"),
    [
        ({"account": "10000017", "amount": "1e3"}, "amount", "figures"),
        ({"account": "99999999", "amount": "250"}, "account", "There is no"),
        ({"account": "10000017", "amount": "9,999,999"}, "amount", "At most"),
    ],
)
async def test_a_refused_form_stays_with_its_word_at_the_field_and_what_was_typed(
    world: World, form: dict[str, str], field: str, word: str
) -> None:
    browser = await drawer_of(world)
    status, text = await send(browser, "/console/cash", do="receipt", key="press-9", **form)
    assert status in (400, 404, 409) and "<h1>Cash desk</h1>" in text
    at = re.search(r"<input([^>]*aria-invalid[^>]*)><span class=\"wrong\"[^>]*>([^<]*)</span>", text)
    assert at is not None and f'name="{field}"' in at[1] and word in at[2]
    for typed in form.values():
        assert f'value="{typed}"' in text
    assert 'name="key" value="press-9"' in text


async def test_a_day_that_can_be_read_in_two_ways_is_told_at_its_field_and_the_house_s_own_form_is_read(
    world: World,
) -> None:
    browser = await signed_in(world.client, world.app)
    path = f"/console/collections/{world.nakuru.account_id}"
    page = await browser.get(path)
    assert 'type="date"' not in page
    status, text = await send(browser, path, do="protect", kind="medical", until="11/12/2026", note="a doctor's note")
    assert status == 400 and 'value="11/12/2026"' in text and "31 Mar 2026" in text and "doctor&#39;s note" in text
    await browser.post(path, do="protect", kind="medical", until="11 Dec 2026", note="a doctor's note")
    assert str(await one(world, select(protection.c.until))) == "2026-12-11"


async def test_a_protection_stands_on_the_customer_s_page_and_ends_only_when_asked(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    path = f"/console/collections/{world.nakuru.account_id}"
    await browser.get(path)
    done = await browser.post(path, do="protect", kind="life_support", note="oxygen at home")
    assert "The account is protected." in done
    page = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    assert "life support" in page and "oxygen at home" in page and path in page and "life_support" not in page
    status, asked = await send(browser, path, do="unprotect", kind="life_support")
    assert status == 200 and "End this protection?" in asked and "Wanjiru Kamau" in asked
    assert await one(world, select(func.count()).select_from(protection).where(protection.c.ended_at.is_(None))) == 1
    assert "The protection is ended." in await browser.post(path, do="unprotect", kind="life_support")


async def test_a_session_that_is_over_leads_back_to_the_page_and_to_no_other_site(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    jar = world.client.session.cookie_jar
    jar.clear(lambda cookie: cookie.key == COOKIE)
    assert "Sign in" in await browser.get("/console/money?on=2026-03-09")
    page = await browser.post("/console/login", name="admin-None", password=PASSWORD)
    assert "<h1>Money of 9 Mar 2026" in page
    for elsewhere in ("https://evil.example/console", "//evil.example/console", "/console/../x", "/console\\evil"):
        jar.clear()
        headers = {"Cookie": f"hodi_console_next={elsewhere}"}
        told = {"name": "admin-None", "password": PASSWORD}
        answer = await world.client.post("/console/login", data=told, headers=headers, allow_redirects=False)
        assert answer.headers["Location"] == "/console"


async def test_who_signs_in_lands_on_the_first_page_they_may_see(world: World) -> None:
    async with world.app.db.writing() as conn:
        await staff.create_staff(conn, world.app, "mary", "marketing", PASSWORD)
    answer = await world.client.post("/console/login", data={"name": "mary", "password": PASSWORD})
    assert answer.status == 200 and answer.url.path.startswith("/console/")


async def test_what_was_decided_stays_listed_with_whom_and_what(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    account = f"/console/accounts/{world.nakuru.account_id}"
    await browser.get(account)
    assert "another person decides" in await browser.post(f"{account}/phone", phone="0799 000 111")
    other = await signed_in(world.client, world.app, "admin", "nakuru")
    page = await other.get("/console/approvals")
    assert "Wanjiru Kamau" in page and f'href="{account}"' in page
    seal = re.search(r'name="seal" value="([^"]+)"', page)
    asked = await one(world, select(approval.c.id))
    assert seal is not None
    after = await other.post(f"/console/approvals/{asked}", do="no", seal=seal[1], note="not by telephone")
    assert "<h2>Decided</h2>" in after and "Wanjiru Kamau" in after and "not by telephone" in after


async def test_a_clerk_reads_the_console_in_kiswahili_until_they_choose_otherwise(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    assert '<html lang="sw">' in await browser.get("/console?lang=sw")
    text = await browser.get("/console/cash")
    assert '<html lang="sw">' in text and "Dawati la fedha" in text and "Cash desk" not in text
    status, wrong = await send(browser, "/console/cash", do="open", amount="9,999,999")
    assert status == 409 and "Kiasi hiki cha kuanzia" in wrong
    assert '<html lang="en">' in await browser.get("/console?lang=en")


async def test_two_contacts_are_joined_only_when_the_question_was_answered(world: World) -> None:
    async with world.app.db.writing() as conn:
        made = [await a_number(conn, world, phone) for phone in ("+525512345678", "+5215512345678")]
    browser = await signed_in(world.client, world.app)
    await browser.get("/console/spellings")
    path = f"/console/spellings/{made[0]}/{made[1]}"
    status, asked = await send(browser, path, do=str(made[0]))
    assert status == 200 and "Are these one person?" in asked and "cannot be undone" in asked
    assert asked.index("+525512345678") < asked.index("Wanjiru Kamau") < asked.index("+5215512345678")
    assert await one(world, select(func.count()).select_from(contact).where(contact.c.phone.in_(SPELT))) == 2
    status, _ = await send(browser, path, do=str(made[0]), agreed="yes")
    assert status == 200
    assert await one(world, select(func.count()).select_from(contact).where(contact.c.phone.in_(SPELT))) == 1


SPELT = ("+525512345678", "+5215512345678")


async def a_number(conn: AsyncConnection, world: World, phone: str) -> int:
    made = world.app.ids.take()
    row = {"id": made, "channel": "phone", "channel_user": phone, "phone": phone, "language": "en", "marketing": False}
    await conn.execute(insert(contact).values(created_at=world.app.clock.now(), **row))
    linked = {"contact_id": made, "account_id": world.nakuru.account_id, "how": "record"}
    await conn.execute(insert(contact_account).values(linked_at=world.app.clock.now(), **linked))
    return made


@pytest.mark.parametrize(("starts", "asks"), [("", True), ("1 Mar 2020, 09:00", True), ("1 Mar 2199, 09:00", False)])
async def test_a_campaign_that_would_begin_at_once_asks_first(world: World, starts: str, asks: bool) -> None:
    browser = await signed_in(world.client, world.app)
    await browser.get("/console/campaigns")
    told = {"do": "plan", "name": "Saturday", "text_en": "We are open.", "channel": "sms", "starts_at": starts}
    status, text = await send(browser, "/console/campaigns", **told)
    assert status == 200 and ("Begin at once?" in text) is asks
    assert await one(world, select(func.count()).select_from(campaign)) == (0 if asks else 1)
    await send(browser, "/console/campaigns", **told, agreed="yes")
    assert await one(world, select(func.count()).select_from(campaign)) == 1
    status, _ = await send(browser, "/console/campaigns", **{**told, "text_en": ""})
    assert status == 400
