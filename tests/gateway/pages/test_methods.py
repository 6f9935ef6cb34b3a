"""A customer whose segment is offered neither card nor direct debit: no page of theirs has the button, and an old link says so kindly."""

from dataclasses import replace

import pytest

from core.config.operator import Operator
from core.config.payments import Payments
from core.db.engine import Database
from core.parties.tables import account
from core.payments import mandate_pages, request
from gateway.pages import mandate_link, me, paylink
from tests.gateway.conftest import Serve, World, ops_app
from tests.gateway.pages.test_me import come_in, text_of


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
async def world(world: World, aiohttp_client: Serve) -> World:
    web_app = ops_app(world.app)
    for room in (me, paylink, mandate_link):
        web_app.add_routes(room.routes())
    me.setup(web_app)
    return replace(world, client=await aiohttp_client(web_app))


@pytest.fixture
def operator(operator: Operator) -> Operator:
    payments = Payments.model_validate({"methods": {"cash_only": ["cash"]}})
    return operator.model_copy(update={"payments": payments})


async def test_what_is_not_offered_is_on_no_page_and_an_old_link_says_so(world: World) -> None:
    await come_in(world)
    async with world.app.db.writing() as conn:
        link = await request.paylink(conn, world.app, world.nakuru.account_id, key="k")
        invited = await mandate_pages.invite(conn, world.app, world.nakuru.account_id, key="k")
    pages = ("/me", "/me/payments", f"/p/{link.token}", f"/d/{invited.rpartition('/')[2]}")
    assert ["<button" in (await text_of(world, path)).split("<main", 1)[-1] for path in pages] == [True] * 4
    async with world.app.db.writing() as conn:
        await conn.execute(account.update().values(segment="cash_only"))
    assert ['/me/pay"' in await text_of(world, "/me"), "/me/mandate" in await text_of(world, "/me/payments")] == [
        False,
        False,
    ]
    for path in pages[2:]:
        assert "is not open to your account" in await text_of(world, path, 410)
