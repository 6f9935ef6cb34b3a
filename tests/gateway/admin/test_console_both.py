"""Every page of the console and every list of the ops API opens on SQLite and on PostgreSQL, for the house and for a branch."""

import pytest

from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World


@pytest.mark.parametrize("branch", [None, "nakuru"])
async def test_every_page_opens(world: World, branch: str | None) -> None:
    browser = await signed_in(world.client, world.app, "admin", branch)
    customer = world.nakuru
    pages = [
        "/console",
        "/console?q=wanjiru",
        "/console?q=INV-10000017",
        f"/console/accounts/{customer.account_id}",
        f"/console/accounts/{customer.account_id}?before=2026-03-10T12:00",
        "/console/tickets",
        f"/console/tickets/{customer.ticket_id}",
        "/console/day",
        "/console/day?on=2026-03-01",
        "/console/campaigns",
        "/console/outbox",
        "/console/talks",
    ]
    for path in pages:
        await browser.get(path)
    told = {"name": "Saturday", "text_en": "Open on Saturday.", "owing": "yes", "language": "en", "do": "plan"}
    assert "Saturday" in await browser.post("/console/campaigns", **told)
    await browser.post("/console/outbox", 404, id="1")
    await browser.post(f"/console/tickets/{customer.ticket_id}", text="On our way", to="waiting")
