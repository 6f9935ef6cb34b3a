"""RADIUS with a real peer: FreeRADIUS lets lines in as our views say, and acknowledges what changes or ends a session.

On PostgreSQL only: that is what the server reads. Skipped where FreeRADIUS is not installed, except in CI.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.context import App
from core.outcome import NotReached, Refusal, Unknown
from core.provisioning.desired import want
from core.provisioning.model import Applied, Command
from core.provisioning.providers.radius import RadiusNetwork
from core.provisioning.tables import network_line
from tests.databases import Postgres, missing
from tests.gateway.networks import freeradius
from tests.gateway.networks.test_radius import lines


@pytest.fixture
def server(postgres_server: Postgres) -> Postgres:
    return postgres_server


@pytest.fixture
async def peer(app: App, tmp_path: Path) -> AsyncIterator[RadiusNetwork]:
    if not freeradius.here():
        missing(freeradius.HINT)
    await lines(app)
    url = app.db.url.render_as_string(hide_password=False)
    with freeradius.running(tmp_path, url) as (auth, coa, _):
        yield RadiusNetwork("127.0.0.1", freeradius.SECRET, auth, "127.0.0.1", coa, seconds=1, tries=2)


async def test_it_lets_lines_in_as_our_views_say_and_takes_a_change_at_once(peer: RadiusNetwork, app: App) -> None:
    assert await peer.levels(["line-0", "line-1", "line-2", "stranger"]) == {
        "line-0": "none",
        "line-1": "soft",
        "line-2": "hard",
        "stranger": "hard",
    }
    async with app.db.writing() as conn:
        hard = (
            await conn.execute(select(network_line.c.service_id).where(network_line.c.login == "line-2"))
        ).scalar_one()
        await want(conn, app, {hard: "none"}, why="receipt")
    assert await peer.levels(["line-2"]) == {"line-2": "none"}


async def test_it_acknowledges_a_change_and_an_end_and_says_no(peer: RadiusNetwork) -> None:
    told = [Command("k1", 1, "line-1", "soft", 256, 1), Command("k2", 1, "line-1", "hard", None, 2)]
    assert [await peer.apply(one) for one in told] == [Applied(), Applied()]
    refused = await peer.apply(Command("k3", 1, "refuses", "none", None, 3))
    assert isinstance(refused, Refusal)


async def test_a_wrong_secret_is_answered_by_silence_and_nothing_is_assumed(peer: RadiusNetwork) -> None:
    stranger = RadiusNetwork("127.0.0.1", "wrong", peer.auth_port, "127.0.0.1", peer.coa_port, seconds=1, tries=1)
    assert isinstance(await stranger.apply(Command("k4", 1, "line-1", "hard", None, 4)), Unknown)
    assert await stranger.levels(["line-1"]) == {"line-1": None}
    assert isinstance(await stranger.ask(Command("k4", 1, "line-1", "hard", None, 4)), NotReached)
