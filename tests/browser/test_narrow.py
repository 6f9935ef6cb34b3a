"""320 pixels and a keyboard, nothing else: /chat, /phone and /me by Tab, Enter and letters alone, and never a way sideways."""

from playwright.async_api import Page, expect
from sqlalchemy import update

from core.parties.tables import party, premise
from tests.browser.conftest import Street
from tests.browser.test_me import code

LONG = "Wanjiku-wa-Kamau" * 5
"""A name that cannot be broken at a blank."""


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus, and can be seen to have it."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            """() => { const it = document.activeElement; if (!it.matches('a, button, input, textarea')) return ['', true]; const style = getComputedStyle(it);
            const words = [it.innerText, it.value, it.placeholder, it.getAttribute('aria-label'), it.labels?.[0]?.innerText, it.name];
            return [words.filter(Boolean).join(' | '), style.outlineStyle !== 'none' || style.boxShadow !== 'none']; }"""
        )
        if name in found[0]:
            assert found[1], f"{name} has the focus, and nobody sees it"
            return
    raise AssertionError(f"{name} is out of reach of the keyboard")


async def fits(page: Page, where: str) -> None:
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320, f"{where}: {wide} pixels"


async def test_a_chat_is_held_by_tab_enter_and_letters_and_long_words_do_not_widen_it(street: Street) -> None:
    page = await street.page(width=320)
    await page.goto("/chat")
    first = page.locator(".chat-options button").first
    await expect(first).to_be_visible()
    await tab_to(page, (await first.inner_text()).strip())
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-line")).to_have_count(4)
    await page.locator("[data-text]").focus()
    await page.keyboard.type("w" * 300)
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-line")).to_have_count(6)
    await fits(page, "chat")
    await page.keyboard.type("BAL")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chat-line")).to_have_count(8)
    await fits(page, "chat")
    assert street.complaints == []


async def test_a_handset_fits_a_narrow_screen_and_every_key_of_it_can_be_reached(street: Street) -> None:
    page = await street.page(width=320)
    await page.goto("/phone")
    await fits(page, "phone")
    for key in await page.locator(".pad [data-key]").all():
        await key.focus()
        assert await key.evaluate("key => key === document.activeElement")
    await page.locator('[data-key="call"]').focus()
    assert await page.evaluate("document.activeElement.dataset.key") == "call"
    assert street.complaints == []


async def test_their_pages_are_walked_without_scripts_by_tab_and_enter_and_hold_a_long_name(street: Street) -> None:
    async with street.app.db.writing() as conn:
        await conn.execute(update(party).where(party.c.id == street.customer.party_id).values(name=LONG))
        await conn.execute(update(premise).values(address=LONG, area=LONG))
    page = await street.page(width=320, scripts=False)
    await page.goto("/me")
    await fits(page, "door")
    await page.keyboard.type("+254710000017")
    await page.keyboard.press("Enter")
    await page.get_by_text("a code is on its way").wait_for()
    await fits(page, "code")
    await page.keyboard.type(await code(street))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="You owe KES 1,000").wait_for()
    for name in ("Bills", "Use", "Payments", "Reports", "Points", "Settings"):
        await tab_to(page, name)
        await page.keyboard.press("Enter")
        await page.locator("nav [aria-current]", has_text=name).wait_for()
        await fits(page, name)
    for path in (f"/b/{street.customer.token}", "/console/login"):
        await page.goto(path)
        await fits(page, path)
    assert street.complaints == []
