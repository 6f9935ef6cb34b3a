"""The console: nobody passes without signing in, nobody sees another branch, every look is noted, and words are only words."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from core.access.model import ROLES, Who
from core.audit.trail import audit
from core.billing import queries as billing
from core.campaigns.tables import campaign
from core.care import interactions
from core.care.tables import ticket
from core.context import App
from core.db.engine import Database
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.outbox.queue import outbox
from core.overview.customer import customer
from core.parties import consent
from core.parties import queries as parties
from core.parties.tables import contact, contact_account, party
from core.summary.reader import open_quick
from gateway.admin.auth import CONSOLE
from gateway.admin.console import plot
from gateway.admin.openapi import all_routes
from scheduler.campaigns import feed_all
from tests.gateway.admin.console import PASSWORD, signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """One database will do here: tests/gateway/admin/test_console_both.py opens every page on both."""
    return sqlite_db


async def rows(app: App, statement: Any) -> list[Any]:
    async with app.db.reading() as conn:
        return list((await conn.execute(statement)).all())


async def test_every_console_page_leads_a_stranger_to_the_sign_in_page(world: World) -> None:
    for path, method, _ in all_routes(world.client.app):
        if path.startswith(CONSOLE) and not path.endswith("/login"):
            answer = await world.client.request(method, path.replace("{id}", "1"), allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, "/console/login"), path


async def test_a_wrong_password_is_told_and_sets_no_cookie(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    world.client.session.cookie_jar.clear()
    text = await browser.post("/console/login", 403, name="admin-None", password="wrong password")
    assert "do not go together" in text
    assert not list(world.client.session.cookie_jar)


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    await signed_in(world.client, world.app)
    told = {"name": "admin-None", "password": PASSWORD}
    answer = await world.client.post("/console/login", data=told, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/console" in cookie


async def test_who_signed_out_is_out(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    await browser.post("/console/logout")
    answer = await world.client.get("/console", allow_redirects=False)
    assert answer.status == 303


async def test_a_form_without_its_token_or_from_another_site_does_nothing(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    path = f"/console/tickets/{world.nakuru.ticket_id}"
    await browser.get(path)
    for headers, csrf in [
        ({}, ""),
        ({}, "x" * 43),
        ({"Origin": "https://evil.example"}, browser.csrf),
        ({"Origin": "null"}, browser.csrf),
    ]:
        answer = await world.client.post(path, data={"csrf": csrf, "to": "closed"}, headers=headers)
        assert answer.status == 403
    assert [
        row.state for row in await rows(world.app, select(ticket.c.state).where(ticket.c.id == world.nakuru.ticket_id))
    ] == ["open"]


async def test_a_customer_is_found_by_anything_they_can_name(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    for words in ("10000017", "wanjiru", "+254710000017", "0710 000017", "INV-10000017", "T10000017", "TXN10000017"):
        assert "Wanjiru Kamau" in await browser.get(f"/console?q={words.replace('+', '%2B')}"), words
    assert "Nothing is called" in await browser.get("/console?q=nobody")


async def test_the_page_of_a_customer_shows_what_they_have_owes_paid_and_said(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    text = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    for words in (
        "Wanjiru Kamau",
        "KES 1,000",
        "by 15 Mar 2026",
        "INV-10000017",
        "TXN10000017",
        "T10000017",
        "12 Moi Road",
        "BAL",
        "+254710000017",
    ):
        assert words in text, words


async def test_a_clerk_sees_who_wanted_no_messages_since_when_and_in_which_words(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    address = f"/console/accounts/{world.nakuru.account_id}"
    assert "What was said about messages" not in await browser.get(address)
    async with world.app.db.writing() as conn:
        [mine, *_] = (await parties.contacts_of(conn, [world.nakuru.account_id]))[world.nakuru.account_id]
        await consent.stop(conn, world.app, mine.id, sender="20414", channel="sms", word="Sitaki tena, STOP")
    text = await browser.get(address)
    section = text[text.index("What was said about messages") :]
    for words in ("No more messages", "20414", "SMS", "Sitaki tena, STOP"):
        assert words in section, words


async def test_every_look_at_a_customer_is_noted(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    noted = await rows(
        world.app,
        select(audit.c.actor).where(
            audit.c.action == "customer.seen", audit.c.subject == f"account:{world.nakuru.account_id}"
        ),
    )
    assert [row.actor for row in noted] == ["user:admin-none"]


async def test_the_clerk_sees_the_number_that_the_customer_is_told(world: World) -> None:
    async with world.app.db.reading() as conn:
        rows = (
            await conn.execute(
                select(contact.c.channel_user, contact_account.c.account_id).join_from(contact, contact_account)
            )
        ).all()
        quick = open_quick(world.app.db)
        for phone, account_id in rows:
            [heard] = await quick.standing("phone", phone)
            seen = await customer(conn, world.app, account_id, branch_code=None)
            assert seen is not None
            assert (heard.owed_minor, heard.due_on) == (seen.balance_minor, seen.owing.due_on)
            assert seen.balance_minor == seen.owing.open_minor
            assert seen.owing == await billing.owing(conn, account_id)
        await quick.close()


async def test_a_role_without_the_key_sees_phones_masked(world: World) -> None:
    browser = await signed_in(world.client, world.app, "viewer")
    text = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    assert "+254710000017" not in text
    assert "+2547*****017" in text
    assert "+254710000017" not in await browser.get("/console?q=wanjiru%20kamau%20x")


async def test_a_branch_clerk_gets_404_for_everything_of_other_branches(world: World) -> None:
    browser = await signed_in(world.client, world.app, "clerk", "nakuru")
    await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    await browser.get(f"/console/tickets/{world.nakuru.ticket_id}")
    await browser.get(f"/console/accounts/{world.kisumu.account_id}", 404)
    await browser.get(f"/console/tickets/{world.kisumu.ticket_id}", 404)
    await browser.post(f"/console/tickets/{world.kisumu.ticket_id}", 404, to="closed")
    for words in ("10000025", "Achieng", "INV-10000025", "T10000025", "TXN10000025", "%2B254710000025"):
        assert "Achieng" not in (await browser.get(f"/console?q={words}")).replace(f"“{words}”", "").replace(
            f'value="{words}"', ""
        )
    assert f"T{10000025}" not in await browser.get("/console/tickets")


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_opens_its_own_doors_and_no_others(world: World, role: str) -> None:
    if role in ("network", "watcher"):
        return  # of machines: they have no page to begin with
    browser = await signed_in(world.client, world.app, role)
    doors = {
        "/console": "customer.see",
        "/console/day": "day.see",
        "/console/campaigns": "campaign.see",
        "/console/outbox": "outbox.see",
        "/console/tickets": "ticket.see",
        "/console/talks": "talk.answer",
    }
    for path, permission in doors.items():
        await browser.get(path, 200 if Who("user:x", role).may(permission) else 403)


INJECTIONS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "{{7*7}}{% raw %}", "${7*7}", "</title><svg onload=alert(1)>",
    "javascript:alert(1)", "=HYPERLINK(\"http://x\")", "\u202egnp.exe", "<!--", "&lt;b&gt;", "%3Cscript%3E", "'; DROP TABLE account;--",
    "\\u003cscript\\u003e", "<a href='//evil'>x</a>", "<style>*{display:none}</style>", "]]>", "\x7f\u0085", "😀" * 20, "a" * 60,
]  # fmt: skip


async def test_whatever_a_name_or_a_message_says_is_only_words(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    for words in INJECTIONS:
        async with world.app.db.writing() as conn:
            await conn.execute(update(party).where(party.c.id == world.nakuru.party_id).values(name=words))
            await conn.execute(update(ticket).where(ticket.c.id == world.nakuru.ticket_id).values(description=words))
            await interactions.log(
                conn,
                world.app,
                channel="sms",
                direction="in",
                kind="turn",
                text=words,
                contact_id=world.nakuru.contact_id,
                account_id=world.nakuru.account_id,
            )
        pages = [
            f"/console/accounts/{world.nakuru.account_id}",
            f"/console/tickets/{world.nakuru.ticket_id}",
            "/console/tickets",
        ]
        for path in pages:
            text = (await browser.get(path)).lower()
            for tag in ("<script>", "<img src=x", "<svg onload", "<style>*", "<a href='//evil", "<!--"):
                assert tag not in text, (path, words)
            assert "49" not in text or "{{7*7}}" not in words.lower() or "{{7*7}}" in text


async def test_what_is_searched_for_is_only_words(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    for words in INJECTIONS:
        answer = await world.client.get("/console", params={"q": words})
        text = await answer.text()
        assert answer.status == 200, words
        assert "<script>" not in text
        assert "<img src=x" not in text
    assert browser.csrf


ODD_PATHS = [
    "/console/accounts/0", "/console/accounts/x", "/console/accounts/" + "9" * 30, "/console/accounts/%00", "/console/accounts/-1",
    "/console/tickets/1e9", "/console/campaigns/99", "/console/campaigns/%F0%9F%98%80", "/console/day?on=x", "/console/day?on=2026-02-30",
    "/console/day?on=0001-01-01", "/console/day?on=9999-12-31", "/console?q=%00", "/console?q=" + "x" * 3000, "/console?q=%ff%fe",
    "/console/outbox?again=%3Cb%3E", "/console/nothing", "/console/day?on=2026-03-10&on=x", "/console/day?on=2199-12-31", "/console/day?on=2000-01-01",
]  # fmt: skip


async def test_an_odd_address_is_never_a_bug(world: World) -> None:
    await signed_in(world.client, world.app)
    for path in [
        *ODD_PATHS,
        f"/console/accounts/{world.nakuru.account_id}?before=x",
        f"/console/accounts/{world.nakuru.account_id}?before=0001-01-01",
    ]:
        answer = await world.client.get(path)
        assert answer.status in (200, 400, 404), (path, answer.status)


async def test_the_day_counts_what_happened_and_plots_the_month(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    text = await browser.get("/console/day?on=2026-03-10")
    assert "KES 1,571.10" in text
    assert '<svg class="plot"' in text
    assert "2,571.10" in text
    assert "Bills made</dt><dd>2</dd>" in await browser.get("/console/day?on=2026-03-01")


async def test_the_day_of_a_branch_counts_only_its_own(world: World) -> None:
    browser = await signed_in(world.client, world.app, "finance", "nakuru")
    text = await browser.get("/console/day?on=2026-03-10")
    assert "KES 285.55" in text
    assert "KES 1,571.10" not in text


def test_a_plot_is_scaled_to_a_round_number_and_survives_a_month_without_money() -> None:
    assert [plot.ceiling(most) for most in (1, 3, 11, 50, 51, 999_999)] == [1, 5, 20, 50, 100, 1_000_000]
    month = [plot.Cash(date(2026, 2, day), 0, 0) for day in range(1, 29)]
    assert plot.cash_plot(month, date(2026, 2, 1), "KES").count("<g class") == 28


async def dead(app: App, account_id: int | None, key: str) -> int:
    async with app.db.writing() as conn:
        row_id = app.ids.take()
        await conn.execute(
            insert(outbox).values(
                id=row_id,
                key=key,
                kind="notice",
                template="notice.ready.pay",
                params={},
                account_id=account_id,
                priority=5,
                resend_unknown=False,
                not_before=app.clock.now(),
                state="dead",
                attempts=7,
                reason="<b>gone</b>",
                created_at=app.clock.now(),
            )
        )
        return row_id


async def test_dead_letters_are_seen_and_sent_again(world: World) -> None:
    ids = [await dead(world.app, world.nakuru.account_id, "a"), await dead(world.app, None, "b")]
    browser = await signed_in(world.client, world.app)
    text = await browser.get("/console/outbox")
    assert "&lt;b&gt;gone" in text
    assert "1 message will be tried again" in await browser.post("/console/outbox", id=str(ids[0]))
    states = {row.id: row.state for row in await rows(world.app, select(outbox.c.id, outbox.c.state))}
    assert states == {ids[0]: "waiting", ids[1]: "dead"}


async def test_a_branch_cannot_send_the_letters_of_another(world: World) -> None:
    theirs = await dead(world.app, world.kisumu.account_id, "a")
    browser = await signed_in(world.client, world.app, "finance", "nakuru")
    assert "10000025" not in await browser.get("/console/outbox")
    await browser.post("/console/outbox", 404, id=str(theirs))
    assert [row.state for row in await rows(world.app, select(outbox.c.state))] == ["dead"]


async def test_who_may_only_look_cannot_send_again(world: World) -> None:
    await dead(world.app, None, "a")
    browser = await signed_in(world.client, world.app, "clerk")
    assert "Send the ticked" not in await browser.get("/console/outbox")
    await browser.post("/console/outbox", 403, id="1")


CAMPAIGN = {
    "name": "Saturday",
    "text_en": "We are open on Saturday.",
    "text_sw": "Tuko wazi Jumamosi.",
    "channel": "sms",
    "do": "plan",
}


async def test_a_campaign_is_looked_at_before_it_is_planned_and_followed_after(world: World) -> None:
    browser = await signed_in(world.client, world.app, "marketing")
    text = await browser.post("/console/campaigns", **{**CAMPAIGN, "do": "look"})
    assert "would reach 2 people" in text
    assert "1 SMS" in text
    assert await rows(world.app, select(campaign.c.id)) == []
    assert "planned" in await browser.post("/console/campaigns", **CAMPAIGN)
    [made] = await rows(world.app, select(campaign))
    assert made.created_by == "user:marketing-none"
    assert "cancelled" in await browser.post(f"/console/campaigns/{made.id}", to="cancelled")
    await browser.post(f"/console/campaigns/{made.id}", 409, to="running")


ODD_CAMPAIGNS: list[dict[str, str]] = [
    {"name": ""}, {"name": "x" * 81}, {"text_en": "", "text_sw": ""}, {"text_en": "Pay {amount}"}, {"text_en": "{0.__class__}"}, {"text_en": "{"},
    {"channel": "pigeon"}, {"starts_at": "x"}, {"starts_at": "0001-01-01T00:00"}, {"name": "a\x00b"}, {"branch": "nowhere", "do": "look"},
    {"holdout": "51"}, {"holdout": "x"}, {"per_minute": "0"}, {"per_minute": "-3"}, {"from": "09:00"}, {"from": "9", "until": "x"},
    {"b_text_en": "Pay {amount}"}, {"b_text_en": "{"},
]  # fmt: skip


async def test_an_odd_campaign_is_refused_in_words_and_never_a_bug(world: World) -> None:
    browser = await signed_in(world.client, world.app, "marketing")
    for odd in ODD_CAMPAIGNS:
        answer = await world.client.post("/console/campaigns", data={"csrf": browser.csrf, **CAMPAIGN, **odd})
        assert answer.status == (200 if odd.get("do") else 400), odd
    assert await rows(world.app, select(func.count()).select_from(campaign)) == [(0,)]


async def test_a_campaign_s_terms_are_kept_its_length_is_warned_of_and_its_funnel_is_drawn(world: World) -> None:
    browser = await signed_in(world.client, world.app, "marketing")
    dear = await browser.post(
        "/console/campaigns", **{**CAMPAIGN, "text_en": "“Tea” {operator} " + "x" * 80, "do": "look"}
    )
    assert "2 SMS" in dear
    assert "“" in dear.split('class="wrong"')[1]
    second = {"b_text_en": "Cake " * 40, "do": "look"}
    assert (
        "2 SMS"
        in (await browser.post("/console/campaigns", **{**CAMPAIGN, **second})).split("Second words in English")[1]
    )
    told = {"holdout": "10", "from": "09:00", "until": "17:00", "per_minute": "600", "b_text_en": "Cake!"}
    await browser.post("/console/campaigns", **{**CAMPAIGN, **told})
    [made] = await rows(world.app, select(campaign))
    assert (made.holdout_percent, made.window_from, made.per_minute, made.texts_b) == (
        10,
        "09:00",
        600,
        {"en": "Cake!"},
    )
    await feed_all(world.app)
    text = await browser.get(f"/console/campaigns/{made.id}")
    assert "<svg" in text
    assert "Wording" in text or "Left out" in text
    assert "between 09:00 and 17:00" in text


async def test_a_branch_writes_to_itself_alone_whatever_the_form_says(world: World) -> None:
    browser = await signed_in(world.client, world.app, "admin", "nakuru")
    text = await browser.post("/console/campaigns", **{**CAMPAIGN, "do": "look", "branch": "kisumu"})
    assert "would reach 1 person" in text


async def test_a_ticket_is_answered_and_moved_on_the_page(world: World) -> None:
    browser = await signed_in(world.client, world.app, "clerk")
    text = await browser.post(f"/console/tickets/{world.nakuru.ticket_id}", text="A crew is on its way", to="solved")
    assert "A crew is on its way" in text
    assert ">solved</span>" in text
    await browser.post(f"/console/tickets/{world.nakuru.ticket_id}", 409, to="waiting")


async def test_credit_is_called_credit(world: World) -> None:
    app = world.app
    async with app.db.writing() as conn:
        await pay_ahead(conn, app, world.nakuru.account_id)
    browser = await signed_in(world.client, app)
    text = await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    assert "<dt>Credit</dt><dd>KES 50</dd>" in text


async def pay_ahead(conn: Any, app: App, account_id: int) -> None:
    posting = Posting(Book("receivable", account_id), Book("cash:daraja"), 105_000, "KES", "paid ahead")
    await post(conn, app, key="receipt:test", kind="receipt", booked_on=date(2026, 3, 10), postings=[posting])
