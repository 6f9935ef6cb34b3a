"""Their own pages in a real browser: 320 pixels wide, without scripts, by keyboard alone."""

from sqlalchemy import select

from core.outbox.queue import outbox
from core.parties import codes
from tests.browser.conftest import Street


async def code(street: Street) -> str:
    async with street.app.db.reading() as conn:
        row = (await conn.execute(select(outbox).where(outbox.c.kind == "code"))).one()
    said = codes.words(street.app, row.subject_id, row.params)
    assert said is not None
    return str(said["code"])


async def test_they_come_in_looks_round_and_changes_their_language_by_keyboard_on_a_narrow_screen(
    street: Street,
) -> None:
    page = await street.page(width=320, scripts=False)
    await page.goto("/me")
    await page.keyboard.type("+254710000017")
    await page.keyboard.press("Enter")
    await page.get_by_text("a code is on its way").wait_for()
    await page.keyboard.type(await code(street))
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="You owe KES 1,000").wait_for()
    for name in ("Bills", "Use", "Payments", "Reports", "Points", "Settings"):
        await page.get_by_role("link", name=name, exact=True).focus()
        await page.keyboard.press("Enter")
        await page.locator("nav [aria-current]", has_text=name).wait_for()
        wide = await page.locator("html").evaluate("html => html.scrollWidth")
        assert wide <= 320, (name, wide)
    await page.get_by_role("radio", name="Kiswahili").focus()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Save").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Imehifadhiwa.").wait_for()
    assert street.complaints == []
