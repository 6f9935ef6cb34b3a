"""Every page by axe-core (the rules that a machine can judge of WCAG 2.2 AA) at the widths of a telephone and of a desk: no finding, nothing
that runs sideways out of the screen, and a menu that leaves the screen to the page."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.async_api import Page
from sqlalchemy import update

from core.campaigns.tables import campaign
from core.payments import mandate_pages, request
from gateway.admin.console.sections import SECTIONS
from tests.browser.conftest import Street
from tests.browser.test_pages import sign_in
from tests.gateway.admin.crawl_waits import a_tariff
from tests.gateway.admin.crawl_world import everything, of_the_house

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
ONLY = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONSOLE = [section.path for section in SECTIONS if section.entry]


async def findings(page: Page, path: str, width: int) -> list[str]:
    """What is wrong with a page, in words that find the place."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    found = [f"{path} is {wide} wide at {width}"] if wide > width else []
    # in the browser's own world: the page's policy lets no script of ours in, and shall not
    told = await page.evaluate(f"(only) => {{ {AXE}; return axe.run(document, only); }}", ONLY)
    for one in told["violations"]:
        found += [f"{path} at {width}: {one['id']}: {node['html'][:160]}" for node in one["nodes"][:3]]
    return found


@dataclass
class Busy:
    """What the street's customer has besides: texts by kind (`tests/gateway/admin/crawl_world.py`), and the paths of their links."""

    its: dict[str, str]
    links: list[str]


@pytest.fixture
async def busy(street: Street, tmp_path: Path) -> Busy:
    """Everything waits at once, and a campaign runs."""
    app, customer = street.app, street.customer
    await a_tariff(app, tmp_path)
    its = await everything(app, customer, "nakuru") | await of_the_house(app)
    async with app.db.writing() as conn:
        await conn.execute(update(campaign).values(state="running"))
        link = await request.paylink(conn, app, customer.account_id, key="k")
        invited = await mandate_pages.invite(conn, app, customer.account_id, key="k")
    return Busy(its, [f"/p/{link.token}", f"/d/{invited.rpartition('/')[2]}"])


def of_the_street(street: Street, busy: Busy) -> list[str]:
    """Pages of the console that are about somebody or something, besides its doors."""
    customer, its = street.customer, busy.its
    return [
        f"/console/campaigns/{its['campaign']}",
        f"/console/talks/{its['talk']}",
        f"/console/parked/{its['month']}",
        f"/console/usage/{its['usage']}",
        f"/console/receipts/{its['receipt2']}",
        f"/console/money/{its['difference']}",
        f"/console/accounts/{customer.account_id}",
        f"/console/collections/{customer.account_id}",
        f"/console/tickets/{customer.ticket_id}",
        "/console/agencies",
        "/console/exposures",
        "/console?q=a",
        "/console/nothing",
    ]


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_of_the_console_has_a_finding(street: Street, busy: Busy, width: int) -> None:
    page = await street.page(width=width)
    await page.goto("/console/login")
    wrong = await findings(page, "/console/login", width)
    await sign_in(page)
    for path in [*CONSOLE, *of_the_street(street, busy)]:
        await page.goto(path)
        wrong += await findings(page, path, width)
        bar = await page.evaluate("document.querySelector('.bar')?.getBoundingClientRect().height ?? 0")
        if bar > 240:
            wrong.append(f"{path}: the menu takes {bar} pixels of the screen")
    assert not wrong, "\n".join(wrong)


async def test_the_buttons_behind_links_look_like_buttons(street: Street, busy: Busy) -> None:
    page = await street.page(width=360)
    for path in busy.links:
        await page.goto(path)
        seen = await page.locator("button").evaluate(
            "it => { const s = getComputedStyle(it); return [s.backgroundColor, s.color, it.getBoundingClientRect().height]; }"
        )
        assert seen[0] not in ("rgb(239, 239, 239)", "rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"), (path, seen)
        assert seen[2] >= 44, (path, seen)


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_of_a_customer_has_a_finding(street: Street, busy: Busy, width: int) -> None:
    page = await street.page(width=width)
    wrong = []
    for path in ("/chat", "/phone", "/me", f"/b/{street.customer.token}", "/p/unknown", "/d/unknown", *busy.links):
        await page.goto(path)
        if path == "/chat":
            await page.locator(".chat-options button").first.wait_for()
        wrong += await findings(page, path, width)
    assert not wrong, "\n".join(wrong)
