"""Amounts that clerks and customers type on pages: read in the notation in which the page shows them, refused with the reason, bounded."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from core.balances import grant, low
from core.collections.tables import own_limit
from core.config.operator import Operator
from core.config.payments import CashDesk
from core.db.engine import Database
from core.journeys import line_disputed
from core.parties.tables import contact
from core.payments.tables import receipt, refund
from gateway.pages import me
from tests.gateway.admin.console import Browser, signed_in
from tests.gateway.conftest import Serve, World, ops_app
from tests.gateway.pages.test_me import come_in, text_of

NONE = ["1e3", "1_000", "1,,5", "1e9", "12,50", "1.234.567", "twelve", "USD 5", "", "0x10", "1,2345", "12.345", "5 5"]
"""What is no amount in a house of shillings whose console speaks English."""


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


async def at_the_desk(world: World) -> tuple[Browser, str]:
    browser = await signed_in(world.client, world.app, "cashier", "nakuru")
    await browser.get("/console/cash")
    page = await browser.post("/console/cash", do="open", amount="50")
    return browser, re.findall(r'name="key" value="([^"]+)"', page)[0]


async def taken(world: World) -> list[int]:
    async with world.app.db.reading() as conn:
        rows = await conn.execute(select(receipt.c.amount_minor).where(receipt.c.provider == "cash"))
    return [row.amount_minor for row in rows]


@pytest.mark.parametrize("typed", NONE)
async def test_the_cash_desk_takes_no_amount_that_is_none(world: World, typed: str) -> None:
    browser, key = await at_the_desk(world)
    told = await browser.post("/console/cash", 400, do="receipt", account="10000017", amount=typed, key=key)
    assert "Write the amount in figures" in told
    for what in ("turn_in", "count", "deposit"):
        await browser.post("/console/cash", 400, do=what, amount=typed, key="k", slip="S")
    assert await taken(world) == []


@pytest.mark.parametrize(
    ("typed", "minor"), [("1,200.50", 1_200_50), ("KES 1,200", 1_200_00), ("1 200", 1_200_00), ("500/=", 500_00), ("٣٠٠", 300_00)]
)  # fmt: skip
async def test_the_cash_desk_reads_what_the_console_shows(world: World, typed: str, minor: int) -> None:
    browser, key = await at_the_desk(world)
    await browser.post("/console/cash", do="receipt", account="10000017", amount=typed, key=key)
    assert await taken(world) == [minor]


async def test_one_press_takes_no_absurd_amount(world: World) -> None:
    """KES 1,000 is owed: KES 101,000 may be taken, and as much as the operator says."""
    browser, key = await at_the_desk(world)
    told = await browser.post("/console/cash", 409, do="receipt", account="10000017", amount="9,999,999", key=key)
    assert "At most KES 101,000" in told
    strict = world.app.operator.model_copy(update={"cash_desk": CashDesk(ahead_at_most="500")})
    object.__setattr__(world.app, "operator", strict)
    await browser.post("/console/cash", 409, do="receipt", account="10000017", amount="1,500.01", key=key)
    await browser.post("/console/cash", do="receipt", account="10000017", amount="1,500", key=key)
    assert await taken(world) == [1_500_00]


@pytest.mark.parametrize("typed", NONE)
async def test_no_refund_verdict_or_limit_is_given_by_what_is_no_amount(world: World, typed: str) -> None:
    async with world.app.db.writing() as conn:
        ticket = await line_disputed.dispute(
            conn,
            world.app,
            account_id=world.nakuru.account_id,
            invoice_id=world.nakuru.invoice_id,
            position=0,
            reason="I was away",
            contact_id=world.nakuru.contact_id,
            key="k",
        )
    browser = await signed_in(world.client, world.app)
    place = f"/console/receipts/{world.nakuru.receipt_id}"
    await browser.post(place, 400, do="refund", amount=typed, reason="paid twice", key="k")
    await browser.post(f"/console/tickets/{ticket.id}/verdict", 400, verdict="partial", amount=typed)
    limit = f"/console/collections/{world.nakuru.account_id}"
    await browser.post(limit, 409, do="limit", amount=typed, note="a good payer")
    async with world.app.db.reading() as conn:
        assert (await conn.execute(select(refund))).all() == []
        assert (await conn.execute(select(own_limit))).all() == []


async def test_a_limit_is_read_as_the_console_writes(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    place = f"/console/collections/{world.nakuru.account_id}"
    object.__setattr__(world.app, "operator", _generous(world.app.operator))
    await browser.post(place, do="limit", amount="Ksh 20,000", note="a good payer")
    async with world.app.db.reading() as conn:
        assert (await conn.execute(select(own_limit.c.limit_minor))).scalars().all() == [20_000_00]


def _generous(operator: Operator) -> Operator:
    rules = operator.collections
    limit = rules.credit_limit.model_copy(update={"approve_above": "1000000"})
    return operator.model_copy(update={"collections": rules.model_copy(update={"credit_limit": limit})})


@pytest.mark.parametrize(
    ("lang", "typed", "minor", "again"),
    [("nl", "1.250,50", 1_250_50, "1250,5"), ("fr", "12,50", 12_50, "12,5"), ("en", "1,250.50", 1_250_50, "1250.5"), ("sw", "Ksh 300", 300_00, "300")],
)  # fmt: skip
async def test_a_customers_own_page_reads_and_shows_in_the_customers_notation(
    world: World, aiohttp_client: Serve, lang: str, typed: str, minor: int, again: str
) -> None:
    """What the field shows is taken back as it stands."""
    pages, csrf = await _pages(world, aiohttp_client, lang)
    for text in (typed, again):
        await text_of(pages, "/me/settings", low=text, csrf=csrf)
        async with pages.app.db.reading() as conn:
            told = await low.amounts(conn, pages.app, [pages.nakuru.account_id])
        assert told[pages.nakuru.account_id] == minor
        assert f'name="low" inputmode="decimal" maxlength="12" value="{again}"' in await text_of(pages, "/me/settings")


@pytest.mark.parametrize(("lang", "typed"), [("en", "12,50"), ("nl", "12.50"), ("fr", "1.250"), ("en", "1e3")])
async def test_a_customers_own_page_refuses_what_reads_two_ways(
    world: World, aiohttp_client: Serve, lang: str, typed: str
) -> None:
    pages, csrf = await _pages(world, aiohttp_client, lang)
    assert typed in await text_of(pages, "/me/settings", 400, low=typed, csrf=csrf)


async def _pages(world: World, serve: Serve, lang: str) -> tuple[World, str]:
    web_app = ops_app(world.app)
    web_app.add_routes(me.routes())
    me.setup(web_app)
    async with world.app.db.writing() as conn:
        await conn.execute(update(contact).values(language=lang))
        purse = grant.Grant(world.nakuru.account_id, "KES", 500_00, {})
        await grant.put_in(conn, world.app, purse, key="purse", why="gift", actor="test")
    pages = replace(world, client=await serve(web_app))
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', await come_in(pages))
    assert found is not None
    return pages, found[1]
