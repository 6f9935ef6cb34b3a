"""What only a browser can tell: keys alone suffice, nothing is lost or repeated, narrow screens fit, no words ever run as a script."""

from playwright.async_api import Page, expect
from sqlalchemy import update

from core.care import interactions
from core.care.tables import ticket
from core.parties.tables import party
from gateway.pages.chat_rooms import ROOMS
from tests.browser.conftest import PASSWORD, Street
from tests.gateway.admin.test_console import INJECTIONS


async def lines(page: Page) -> list[str]:
    return [text.strip() for text in await page.locator(".chat-line p").all_inner_texts()]


async def test_a_handset_dials_answers_and_hangs_up_by_keyboard_alone(street: Street) -> None:
    page = await street.page()
    await page.goto("/phone")
    for key in street.app.operator.ussd_code:
        await page.keyboard.press(key)
    assert await page.locator("[data-typed]").inner_text() == street.app.operator.ussd_code
    await page.keyboard.press("Enter")
    talk = page.locator("[data-talk]")
    await expect(talk).to_contain_text("KES 1,000")
    await page.keyboard.type("1")
    await page.keyboard.press("Enter")
    await expect(talk).to_contain_text("10000017")
    await page.keyboard.press("Escape")
    await expect(talk).to_have_text("Session ended")
    assert street.complaints == []


async def test_a_handset_is_worked_by_its_own_keys_too(street: Street) -> None:
    page = await street.page()
    await page.goto("/phone")
    for key in street.app.operator.ussd_code:
        await page.click(f'.pad [data-key="{key}"]')
    await page.click('[data-key="call"]')
    await expect(page.locator("[data-talk]")).to_contain_text("1.")
    await page.click('.pad [data-key="1"]')
    await page.click('[data-key="left"]')
    await expect(page.locator("[data-talk]")).to_contain_text("10000017")
    await page.click('[data-key="end"]')
    await expect(page.locator("[data-talk]")).to_have_text("Session ended")


async def test_a_chat_that_loses_its_connection_loses_and_repeats_no_line(street: Street) -> None:
    page = await street.page()
    await page.goto("/chat")
    await expect(page.locator(".chat-options button").first).to_be_visible()
    before = await lines(page)
    assert len(before) == 2
    for n in range(3):
        await street.web_app[ROOMS].close()
        await page.fill("[data-text]", f"while away {n}")
        await page.press("[data-text]", "Enter")
        await expect(page.locator(".from-you", has_text=f"while away {n}")).to_have_count(1)
        await expect(page.locator(".chat-line")).to_have_count(2 + 2 * (n + 1))
    shown = await lines(page)
    await page.reload()
    await expect(page.locator(".chat-line")).to_have_count(len(shown))
    assert await lines(page) == shown


async def test_the_chat_fits_the_narrowest_phone_and_needs_only_keys(street: Street) -> None:
    page = await street.page(width=320)
    await page.goto("/chat")
    await expect(page.locator(".chat-options button").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await page.locator(".chat-options button").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-line")).to_have_count(4)
    assert street.complaints == []


async def test_every_page_fits_a_phone(street: Street) -> None:
    page = await street.page(width=360)
    for path in ("/phone", f"/b/{street.customer.token}", "/console/login"):
        await page.goto(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def sign_in(page: Page) -> None:
    await page.goto("/console")
    await page.fill("[name=name]", "asha")
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#q")).to_be_visible()


async def test_the_console_works_without_scripts(street: Street) -> None:
    page = await street.page(scripts=False)
    await sign_in(page)
    await page.fill("#q", "wanjiru")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Wanjiru Kamau")
    await page.goto(f"/console/tickets/{street.customer.ticket_id}")
    await page.fill("textarea", "A crew is on its way")
    await page.click("text=Save")
    await expect(page.locator(".log")).to_contain_text("A crew is on its way")
    await page.click("text=Sign out")
    await expect(page.locator("[name=password]")).to_be_visible()


async def test_no_word_of_a_customer_ever_runs(street: Street) -> None:
    page = await street.page()
    await sign_in(page)
    for first in range(0, len(INJECTIONS), 6):
        words = " ".join(INJECTIONS[first : first + 6])
        async with street.app.db.writing() as conn:
            await conn.execute(update(party).where(party.c.id == street.customer.party_id).values(name=words))
            await conn.execute(update(ticket).values(description=words))
            await interactions.log(
                conn,
                street.app,
                channel="sms",
                direction="in",
                kind="turn",
                text=words,
                contact_id=street.customer.contact_id,
                account_id=street.customer.account_id,
            )
        for path in (
            f"/console/accounts/{street.customer.account_id}",
            f"/console/tickets/{street.customer.ticket_id}",
            "/phone",
        ):
            await page.goto(path)
    await page.goto("/chat")
    for words in INJECTIONS[:6]:
        await page.fill("[data-text]", words)
        await page.press("[data-text]", "Enter")
        await expect(page.locator(".from-you", has_text=words).first).to_be_visible()
    assert street.complaints == []
