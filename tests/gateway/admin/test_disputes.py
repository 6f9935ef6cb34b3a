"""At the console: what is contested is seen, decided by whoever may, within the limit, and the credit note can be opened."""

import pytest
from sqlalchemy import select

from core.billing.tables import invoice
from core.config.operator import Operator
from core.db.engine import Database
from core.journeys import line_disputed
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    """One database will do: the journey itself is tried on both."""
    return sqlite_db


@pytest.fixture
def operator(operator: Operator) -> Operator:
    """A clerk may take 500 off a bill."""
    billing = operator.billing.model_copy(update={"credit_limit": "500"})
    return operator.model_copy(update={"billing": billing})


async def contested(world: World) -> str:
    """The page of the ticket of a dispute of the first line."""
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
    return f"/console/tickets/{ticket.id}"


async def test_a_clerk_takes_off_what_was_wrong(world: World) -> None:
    path = await contested(world)
    browser = await signed_in(world.client, world.app, "clerk")
    page = await browser.get(path)
    assert "Consumption of bill" in page
    assert "KES 1,108.23, of which KES 1,000 was held" in page.replace("\xa0", " ")
    assert "12.50" in await browser.post(f"{path}/verdict", 400, verdict="partial", amount="all of it")
    await browser.post(f"{path}/verdict", 400, verdict="perhaps")
    page = await browser.post(f"{path}/verdict", verdict="partial", amount="100.50")
    assert ">partial</span>" in page and "How much of it was wrong" not in page
    async with world.app.db.reading() as conn:
        note = (await conn.execute(select(invoice).where(invoice.c.series == "credit"))).one()
    assert (note.number, note.total_minor, note.corrects_id) == ("CN-000001", -10_050, world.nakuru.invoice_id)


async def test_above_the_limit_it_waits_for_another_person(world: World) -> None:
    path = await contested(world)
    clerk = await signed_in(world.client, world.app, "clerk")
    page = await clerk.post(f"{path}/verdict", verdict="upheld")
    assert "waits for another person" in page and "How much of it was wrong" not in page


async def test_who_may_not_decide_sees_no_form_and_has_no_way_round_it(world: World) -> None:
    path = await contested(world)
    browser = await signed_in(world.client, world.app, "viewer")
    assert "How much of it was wrong" not in await browser.get(path)
    await browser.post(f"{path}/verdict", 403, verdict="upheld")


async def test_a_ticket_about_something_else_has_nothing_to_decide(world: World) -> None:
    browser = await signed_in(world.client, world.app)
    path = f"/console/tickets/{world.nakuru.ticket_id}"
    assert "What is contested" not in await browser.get(path)
    await browser.post(f"{path}/verdict", 404, verdict="upheld")
