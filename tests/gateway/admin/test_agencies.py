"""Agencies in the console: what waits is placed, the file has whom it names, one account is placed and taken back; cut to a branch."""

from datetime import timedelta

import pytest

from core.clock import SetClock
from core.config.collections import Collections
from core.config.operator import Operator
from core.db.engine import Database
from core.journeys.dunning import run
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
def operator(operator: Operator) -> Operator:
    rules = Collections.model_validate(
        {
            "ladder": {"steps": [{"step": "final", "day": 1}]},
            "agencies": {"kamau": {"name": "Kamau & Sons", "minimum": "500"}},
        }
    )
    return operator.model_copy(update={"collections": rules})


async def test_what_waits_is_placed_written_and_taken_back(world: World, clock: SetClock) -> None:
    clock.forward(timedelta(days=13))
    await run.run(world.app, world.app.today())
    clock.forward(timedelta(days=7))
    path, file = f"/console/collections/{world.nakuru.account_id}", "/console/agencies/kamau/placed.csv"
    browser = await signed_in(world.client, world.app, "clerk", "kisumu")
    assert "Kamau &amp; Sons" in await browser.get("/console/agencies")
    await browser.post("/console/agencies", agency="kamau")
    assert "Wanjiru" not in await browser.get("/console/collections")
    browser = await signed_in(world.client, world.app, "collector")
    await browser.get("/console/agencies")
    assert "Wanjiru" not in await browser.get(file), "a clerk of Kisumu places nobody of Nakuru"
    await browser.post("/console/agencies", agency="kamau")
    assert "Wanjiru Kamau" in await browser.get(file)
    await browser.get("/console/agencies/kamau/secrets.csv", 404)
    await browser.get("/console/agencies/nobody/placed.csv", 404)
    assert "with an agency" in await browser.get("/console/collections")
    assert "with kamau" in await browser.get(path)
    assert "few words" in await browser.post(path, 409, do="recall", note="x")
    assert "with kamau" not in await browser.post(path, do="recall", note="they asked twice")
    assert "they asked twice" in await browser.get("/console/agencies/kamau/recalled.csv")
    assert "with kamau" in await browser.post(path, do="place", agency="kamau")
    assert "no such agency" in await browser.post("/console/agencies", 409, agency="nobody")
    browser = await signed_in(world.client, world.app, "finance", "kisumu")
    assert "Wanjiru" not in await browser.get(file)
    viewer = await signed_in(world.client, world.app, "viewer")
    assert "Place what waits" not in await viewer.get("/console/agencies")
    await viewer.get("/console/agencies/kamau/placed.csv", 403)
