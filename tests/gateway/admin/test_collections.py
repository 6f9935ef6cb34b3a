"""The collections board and one account's ladder: seen by who may, cut to a branch, and what a collector does is done."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.approvals.tables import approval
from core.clock import SetClock
from core.collections.tables import arrangement, contacted, protection
from core.db.engine import Database
from core.journeys.dunning import run
from core.parties.tables import service
from core.provisioning.desired import want
from tests.gateway.admin.console import Browser, signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
async def late(world: World, clock: SetClock) -> World:
    """Wanjiru of Nakuru owes KES 1,000 since 15 March; the ladder has run once after it."""
    clock.forward(timedelta(days=10))
    await run.run(world.app, world.app.today())
    return world


async def _open(world: World, role: str = "admin", branch: str | None = None) -> Browser:
    return await signed_in(world.client, world.app, role, branch)


async def test_the_board_shows_money_by_step_and_whom_to_call(late: World) -> None:
    text = await (await _open(late)).get("/console/collections")
    assert "<svg" in text and "KES 1,000" in text and "Wanjiru Kamau" in text and "Achieng" not in text


async def test_a_clerk_of_another_branch_sees_nothing_of_it(late: World) -> None:
    browser = await _open(late, "clerk", "kisumu")
    assert "Wanjiru" not in await browser.get("/console/collections")
    await browser.get(f"/console/collections/{late.nakuru.account_id}", 404)
    await browser.post(f"/console/collections/{late.nakuru.account_id}", 404, do="write_off", note="x")


async def test_the_ladder_of_an_account_is_told_with_what_comes_and_why(late: World) -> None:
    browser, path = await _open(late), f"/console/collections/{late.nakuru.account_id}"
    text = await browser.get(path)
    assert "formal" in text and "soft bar" in text and "day 10 from 15 Mar 2026" in text
    assert "soft bar" not in (await browser.get(f"{path}?on=2026-03-21")).split("What was done")[0].split("Then")[0]
    await browser.get(f"{path}?on=2028-01-01", 400)


async def test_what_a_collector_does_is_done(late: World) -> None:
    browser, path = await _open(late, "collector"), f"/console/collections/{late.nakuru.account_id}"
    await browser.get(path)
    await browser.post(path, do="noted", code="no_answer", note="rang twice")
    assert "Wanjiru" not in await browser.get("/console/collections")
    await browser.post(path, do="protect", kind="medical", note="letter of the clinic")
    assert "already" in await browser.post(path, 409, do="protect", kind="medical", note="again")
    await browser.post(path, do="unprotect", kind="medical")
    await browser.post(path, do="write_off", note="emigrated")
    assert "Choose from" in await browser.post(path, 409, do="arrange", count="20")
    text = await browser.post(path, do="arrange", count="2")
    assert "KES 500" in text and "paid in instalments" in text
    async with late.app.db.reading() as conn:
        told = [
            list((await conn.execute(select(one))).scalars())
            for one in (contacted.c.code, arrangement.c.kind, approval.c.kind)
        ]
        ended = (await conn.execute(select(protection.c.ended_at))).scalar_one()
    assert told == [["no_answer"], ["plan"], ["write_off"]] and ended is not None


async def test_who_may_only_look_cannot_act(late: World) -> None:
    browser, path = await _open(late, "viewer"), f"/console/collections/{late.nakuru.account_id}"
    assert "Ask to write off" not in await browser.get(path)
    await browser.post(path, 403, do="noted", code="told")


async def test_what_the_network_does_not_do_is_on_the_board(late: World) -> None:
    async with late.app.db.writing() as conn:
        mine = select(service.c.id).where(service.c.account_id == late.nakuru.account_id)
        await want(conn, late.app, {(await conn.execute(mine)).scalar_one(): "soft"}, why="soft_bar")
    text = await (await _open(late)).get("/console/collections")
    assert "electricity" in text and "created" in text


async def test_credit_limits_are_listed_set_with_a_reason_and_cut_to_a_branch(late: World) -> None:
    browser, path = await _open(late, "collector"), f"/console/collections/{late.nakuru.account_id}"
    assert "/console/exposures" in await browser.get("/console/collections")
    assert "relief" in await browser.get("/console/collections/written-off.csv?from=2026-01-01")
    assert "No limit is set" in await browser.get("/console/exposures")
    await browser.get(path)
    assert "few words" in await browser.post(path, 409, do="limit", amount="1200", note="x")
    text = await browser.post(path, do="limit", amount="1200", note="a new customer")
    assert "83 %" in text and "a new customer" in text
    listed = await browser.get("/console/exposures?by=share")
    assert "Wanjiru" in listed and "KES 1,200" in listed and "own" in listed
    assert "83 %" in await browser.get(f"/console/accounts/{late.nakuru.account_id}")
    await browser.post(path, do="limit", amount="none", note="pays by their bank")
    async with late.app.db.reading() as conn:
        assert list((await conn.execute(select(approval.c.kind))).scalars()) == ["credit_limit"]
    assert "Wanjiru" not in await (await _open(late, "clerk", "kisumu")).get("/console/exposures")
