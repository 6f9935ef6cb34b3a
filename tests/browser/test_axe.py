"""Every page by axe-core (the rules that a machine can judge of WCAG 2.2 AA) at the widths of a telephone and of a desk: no finding, nothing
that runs sideways out of the screen, and a menu that leaves the screen to the page."""

from importlib.resources import files

import pytest
from playwright.async_api import Page

from gateway.admin.console.doors import GROUPS
from tests.browser.conftest import Street
from tests.browser.test_pages import sign_in

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
ONLY = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONSOLE = [path for doors in GROUPS.values() for path, _, _ in doors]


async def findings(page: Page, path: str, width: int) -> list[str]:
    """What is wrong with a page, in words that find the place."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    found = [f"{path} is {wide} wide at {width}"] if wide > width else []
    # in the browser's own world: the page's policy lets no script of ours in, and shall not
    told = await page.evaluate(f"(only) => {{ {AXE}; return axe.run(document, only); }}", ONLY)
    for one in told["violations"]:
        found += [f"{path} at {width}: {one['id']}: {node['html'][:160]}" for node in one["nodes"][:3]]
    return found


def of_the_street(street: Street) -> list[str]:
    """Pages of the console that are about somebody or something, besides its doors."""
    her = street.her
    return [
        f"/console/accounts/{her.account_id}", f"/console/collections/{her.account_id}", f"/console/tickets/{her.ticket_id}",
        "/console/agencies", "/console/exposures", "/console?q=a", "/console/nothing",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_of_the_console_has_a_finding(street: Street, width: int) -> None:
    page = await street.page(width=width)
    await page.goto("/console/login")
    wrong = await findings(page, "/console/login", width)
    await sign_in(page)
    for path in [*CONSOLE, *of_the_street(street)]:
        await page.goto(path)
        wrong += await findings(page, path, width)
        bar = await page.evaluate("document.querySelector('.bar')?.getBoundingClientRect().height ?? 0")
        if bar > 240:
            wrong.append(f"{path}: the menu takes {bar} pixels of the screen")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_of_a_customer_has_a_finding(street: Street, width: int) -> None:
    page = await street.page(width=width)
    wrong = []
    for path in ("/chat", "/phone", "/me", f"/b/{street.her.token}", "/p/unknown", "/d/unknown"):
        await page.goto(path)
        if path == "/chat":
            await page.locator(".chat-options button").first.wait_for()
        wrong += await findings(page, path, width)
    assert not wrong, "\n".join(wrong)
