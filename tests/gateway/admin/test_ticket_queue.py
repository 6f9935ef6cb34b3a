"""The queue of tickets: the gravest of all first however many wait, a page at a time, and only those that are asked for."""

import re
from datetime import timedelta

from sqlalchemy import insert, text

from core.care.model import SEVERITIES, SEVERITY
from core.care.tables import ticket
from core.context import App
from core.parties.tables import branch
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

PATH = "/console/tickets"


async def wait(
    app: App, count: int, severity: str, *, kind: str = "bill", state: str = "open", branch_code: str = "nakuru"
) -> None:
    async with app.db.writing() as conn:
        branch_id = (await conn.execute(branch.select().where(branch.c.code == branch_code))).one().id
        for at in range(count):
            number, when = app.ids.take(), app.clock.now() + timedelta(minutes=at)
            await conn.execute(
                insert(ticket).values(
                    id=number,
                    reference=f"T{number}",
                    effect_key=f"k{number}",
                    kind=kind,
                    severity=severity,
                    state=state,
                    description=f"{severity} {at}",
                    opened_at=when,
                    changed_at=when,
                    branch_id=branch_id,
                )
            )


def references(page: str) -> list[str]:
    return re.findall(r"((?:critical|high|normal) \d+)<", page)


async def test_a_live_wire_stands_first_though_a_hundred_older_tickets_wait(world: World) -> None:
    await wait(world.app, 104, "normal")
    await wait(world.app, 2, "high", kind="no_supply")
    await wait(world.app, 1, "critical", kind="danger")
    browser = await signed_in(world.client, world.app, "clerk")
    first = await browser.get(PATH)
    assert references(first)[:4] == ["critical 0", "high 0", "high 1", "normal 0"]
    assert len(references(first)) >= 48 and "next" in first
    seen = (
        references(first)
        + references(await browser.get(f"{PATH}?page=2"))
        + references(await browser.get(f"{PATH}?page=3"))
    )
    assert len(set(seen)) == len(seen) == 107
    assert "next" not in await browser.get(f"{PATH}?page=3")


async def test_filters_narrow_and_go_along_with_the_pages(world: World) -> None:
    await wait(world.app, 60, "normal")
    await wait(world.app, 3, "high", kind="no_supply")
    await wait(world.app, 2, "high", kind="leak", state="waiting")
    browser = await signed_in(world.client, world.app, "clerk")
    assert references(await browser.get(f"{PATH}?kind=no_supply")) == ["high 0", "high 1", "high 2"]
    assert references(await browser.get(f"{PATH}?state=waiting")) == ["high 0", "high 1"]
    assert len(references(await browser.get(f"{PATH}?state=unsolved&severity=high"))) == 5
    assert "?severity=normal&amp;page=2" in await browser.get(f"{PATH}?severity=normal")
    assert "No ticket fits" in await browser.get(f"{PATH}?kind=nothing")
    assert references(await browser.get(f"{PATH}?outage=yes")) == []
    for odd in ("state=gone", "severity=odd", "outage=maybe"):
        await browser.get(f"{PATH}?{odd}", 400)
    for odd in ("0", "-1", "x", "1e9", "99999999"):
        await browser.get(f"{PATH}?page={odd}", 404)


async def test_a_branch_sees_its_own_queue(world: World) -> None:
    await wait(world.app, 1, "critical", branch_code="kisumu")
    nakuru = await signed_in(world.client, world.app, "clerk", "nakuru")
    assert references(await nakuru.get(PATH)) == []


async def test_the_queue_is_read_off_an_index(app: App) -> None:
    if "sqlite" not in str(app.db.engine.url):
        return
    async with app.db.reading() as conn:
        query = (
            "EXPLAIN QUERY PLAN SELECT id FROM ticket WHERE state = 'open' ORDER BY severity, opened_at, id LIMIT 50"
        )
        plan = " ".join(row[3] for row in await conn.execute(text(query)))
    assert "ix_ticket_queue" in plan and "TEMP B-TREE" not in plan


def test_the_words_of_severity_sort_as_they_weigh() -> None:
    assert sorted(SEVERITIES) == list(SEVERITIES)
    assert set(SEVERITY.values()) <= set(SEVERITIES)
