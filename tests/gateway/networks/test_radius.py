"""What a RADIUS server reads of ours, on both databases; with a real one: test_freeradius.py."""

from datetime import date

from sqlalchemy import insert, text

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.parties.tables import service
from core.provisioning.desired import want
from core.provisioning.providers.radius import RadiusNetwork
from core.provisioning.tables import network_line
from gateway.networks import network_of
from tests.core.payments.made import an_account


async def lines(app: App) -> list[int]:
    """Three lines: as sold, soft, hard."""
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        services = list(app.ids.take_many(3))
        rows = [
            {
                "id": one,
                "account_id": account_id,
                "commodity": "internet",
                "payment_mode": "postpaid",
                "state": "active",
                "started_on": date(2025, 1, 1),
            }
            for one in services
        ]
        await conn.execute(insert(service), rows)
        logins = [{"service_id": one, "login": f"line-{at}"} for at, one in enumerate(services)]
        await conn.execute(insert(network_line), logins)
        await want(conn, app, {services[1]: "soft"}, why="soft_bar", kbps=256)
        await want(conn, app, {services[2]: "hard"}, why="hard_bar")
    return services


async def test_the_views_say_who_may_sign_in_and_at_what(app: App) -> None:
    await lines(app)
    query = "SELECT username, attribute, op, value FROM {} ORDER BY username, attribute"
    async with app.db.reading() as conn:
        check = [tuple(row) for row in await conn.execute(text(query.format("radcheck")))]
        reply = [tuple(row) for row in await conn.execute(text(query.format("radreply")))]
    assert check == [(f"line-{at}", "Auth-Type", ":=", word) for at, word in enumerate(["Accept", "Accept", "Reject"])]
    assert reply == [("line-1", "Filter-Id", ":=", "soft"), ("line-1", "WISPr-Bandwidth-Max-Down", ":=", "256000")]


async def test_the_settings_choose_the_network(sqlite_db: Database, clock: SetClock, operator: Operator) -> None:
    app = App(clock, operator, sqlite_db, Settings(radius_host="127.0.0.1"), follow)
    assert isinstance(network_of(app), RadiusNetwork)
    assert network_of(App(clock, operator, sqlite_db, Settings(), follow)) is None
