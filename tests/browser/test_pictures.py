"""The pictures in the docs are of the pages as they are: each is taken here, and `make pictures` writes them anew."""

import os
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Street
from tests.browser.pictures import PICTURES, digest, digest_in, signed
from tests.browser.test_pages import sign_in


async def phone(page: Page, street: Street) -> None:
    """Dialled by hand, with the chat beside it open."""
    await page.goto("/phone")
    await expect(page.locator(".chat-options button").first).to_be_visible()
    await page.keyboard.type(street.app.operator.ussd_code)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-talk]")).to_contain_text("1.")


async def bill(page: Page, street: Street) -> None:
    """As its link opens it on a telephone."""
    await page.goto(f"/b/{street.customer.token}")
    await expect(page.locator("main")).to_contain_text("12 Moi Road")


async def customer(page: Page, street: Street) -> None:
    """As a clerk sees them."""
    await sign_in(page)
    await page.goto(f"/console/accounts/{street.customer.account_id}")
    await expect(page.locator("h1")).to_have_text("Wanjiru Kamau")


async def money_day(page: Page, _street: Street) -> None:
    """As finance sees it."""
    await sign_in(page)
    await page.goto("/console/money")
    await expect(page.locator("h1")).to_be_visible()


TAKEN: dict[str, tuple[Callable[[Page, Street], Awaitable[None]], int, int]] = {
    "phone.png": (phone, 1280, 860),
    "bill.png": (bill, 420, 800),
    "customer.png": (customer, 1280, 900),
    "money-day.png": (money_day, 1280, 900),
}
"""Name of the picture -> how to come to its page, how wide and how tall the window is."""


@pytest.mark.parametrize("name", TAKEN)
async def test_a_picture_in_the_docs_shows_the_page_as_it_is(street: Street, name: str) -> None:
    there, width, height = TAKEN[name]
    page = await street.page(width=width)
    await page.set_viewport_size({"width": width, "height": height})
    await there(page, street)
    words = await page.locator("body").inner_text()
    taken = signed(await page.screenshot(animations="disabled", caret="hide"), words)
    assert digest_in(taken) == digest(words)
    if os.environ.get("HODI_PICTURES"):
        (PICTURES / name).write_bytes(taken)
    assert digest_in((PICTURES / name).read_bytes()) == digest(words), f"{name} is stale: `make pictures`"


def test_a_page_that_says_something_else_is_another_picture() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(25) + b"rest"
    assert digest_in(png) is None
    kept = digest_in(signed(png, "You owe KES 1,758 of 100001"))
    assert kept == digest("You owe  KES 2,000\nof 100002")
    assert kept != digest("You have paid KES 1,758 of 100001")
