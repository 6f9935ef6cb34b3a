"""A real browser on the real gateway: Debian's Chromium, the whole app on a free port, a double of the network and the sandbox bank."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from core.access import staff
from core.clock import SetClock
from core.config.operator import Settings
from core.context import App
from core.db.engine import Database
from gateway.app import make_app
from gateway.sandbox.africastalking import AfricasTalking
from gateway.sandbox.app import make_app as make_bank
from tests.databases import missing
from tests.gateway.world import Customer, a_branch, a_customer

HINT = "Chromium is missing: `apt-get install chromium`"
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PASSWORD = "three plain words"


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """The pages are the subject here; one database will do."""
    return sqlite_db


@dataclass
class Street:
    """The gateway with its neighbours, and the browser in front of it."""

    browser: Browser
    web_app: web.Application
    app: App
    customer: Customer
    url: str
    complaints: list[str] = field(default_factory=list)
    """What the browser refused or could not do: scripts that failed, policies that were broken, dialogs that opened."""

    async def page(self, width: int = 1280, scripts: bool = True) -> Page:
        viewport = {"width": width, "height": 800}
        context = await self.browser.new_context(viewport=viewport, java_script_enabled=scripts, base_url=self.url)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda wrong: self.complaints.append(str(wrong)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        return page


@pytest.fixture
async def street(app: App, settings: Settings, clock: SetClock, tmp_path: Path) -> AsyncIterator[Street]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing(HINT)
    async with AsyncExitStack() as stack:
        network = await _serving(stack, AfricasTalking(clock, "key").app())
        bank = await _serving(stack, make_bank("test-sandbox-secret", clock=clock, by_hand=True))
        told = {
            "phone_page": True,
            "africastalking_base_url": network,
            "sandbox_base_url": bank,
            "sessions_path": str(tmp_path / "sessions.db"),
            "africastalking_api_key": settings.secret_key,
        }
        app = replace(app, settings=settings.model_copy(update=told))
        async with app.db.writing() as conn:
            branch = await a_branch(conn, app, "nakuru")
            customer = await a_customer(conn, app, branch, number="10000017", name="Wanjiru Kamau")
            await staff.create_staff(conn, app, "asha", "admin", PASSWORD)
        web_app = make_app(app, with_scheduler=False)
        url = await _serving(stack, web_app)
        play = await stack.enter_async_context(async_playwright())
        browser = await play.chromium.launch(executable_path=found, args=ARGS)
        stack.push_async_callback(browser.close)
        yield Street(browser, web_app, app, customer, url)


async def _serving(stack: AsyncExitStack, web_app: web.Application) -> str:
    server = TestServer(web_app)
    await server.start_server()
    stack.push_async_callback(server.close)
    return str(server.make_url("")).rstrip("/")
