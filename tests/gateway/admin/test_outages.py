"""An outage is begun, expected and ended at the console and by machines: those who reported it hear of it, others' branches are not touched."""

import re
from datetime import timedelta

from sqlalchemy import select, update

from core.access import keys
from core.care import tickets
from core.care.tables import outage, ticket
from core.context import App
from core.outbox.queue import outbox
from core.parties.tables import premise
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

PATH = "/console/outages"
API = "/tmf-api/serviceProblemManagement/v4/serviceProblem"
SAID = {"commodity": "electricity", "area": "milimani", "cause": "a fallen pole"}


async def in_the_dark(world: World) -> int:
    """A customer of Nakuru reports that there is no supply."""
    app = world.app
    async with app.db.writing() as conn:
        here = (await conn.execute(select(premise.c.id).order_by(premise.c.id).limit(1))).scalar_one()
        await conn.execute(update(premise).where(premise.c.id != here).values(area="Nyalenda"))
        made = await tickets.open_ticket(
            conn,
            app,
            key="t",
            kind="no_supply",
            contact_id=world.nakuru.contact_id,
            account_id=world.nakuru.account_id,
            premise_id=here,
        )
    return made.id


async def only(app: App) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(outage.c.id))).scalar_one())


async def test_from_the_first_word_to_the_last_at_the_console(world: World) -> None:
    ticket_id, app = await in_the_dark(world), world.app
    browser = await signed_in(world.client, app, "clerk")
    assert "Nothing is out" in await browser.get(PATH)
    assert "Nobody is served" in await browser.post(PATH, 404, **{**SAID, "area": "Mlimani"})
    assert 'value="a fallen pole"' in await browser.post(PATH, 404, **{**SAID, "area": "Mlimani"}), (
        "what was typed stays"
    )
    for wrong in (
        {**SAID, "cause": ""},
        {**SAID, "commodity": "love"},
        {**SAID, "until": "2020-01-01T10:00"},
        {**SAID, "until": "x"},
    ):
        await browser.post(PATH, 400, **wrong)
    for _ in range(2):
        assert "1 ticket" in await browser.post(PATH, **SAID)
    path = f"{PATH}/{await only(app)}"
    later = (app.clock.now() + timedelta(hours=5)).astimezone(app.zone)
    assert "Expected to be over" in await browser.post(path, do="expect", until=f"{later:%Y-%m-%dT%H:%M}")
    assert "Nobody knows yet" in await browser.post(path, do="expect", until="")
    assert "Say that you are sure" in await browser.post(path, 409, do="end")
    assert re.search(r"Nothing is out.*a fallen pole", await browser.post(path, do="end", sure="yes"), re.S)
    async with app.db.reading() as conn:
        assert (await conn.execute(select(ticket.c.state).where(ticket.c.id == ticket_id))).scalar_one() == "solved"
        told = select(outbox.c.contact_id).where(outbox.c.template == "ticket.outage_over")
        assert (await conn.execute(told)).scalars().all() == [world.nakuru.contact_id]
    assert "over already" in await browser.post(path, 409, do="expect", until="")


async def test_a_branch_speaks_of_its_own_areas_only(world: World) -> None:
    await in_the_dark(world)
    kisumu = await signed_in(world.client, world.app, "clerk", "kisumu")
    await kisumu.post(PATH, 404, **SAID)
    mine = await signed_in(world.client, world.app, "admin")
    await mine.post(PATH, **SAID)
    path = f"{PATH}/{await only(world.app)}"
    viewer = await signed_in(world.client, world.app, "viewer")
    assert "An outage began" not in await viewer.get(PATH)
    await viewer.post(path, 403, do="end", sure="yes")


async def test_another_branch_neither_sees_nor_ends_it(world: World) -> None:
    await in_the_dark(world)
    async with world.app.db.writing() as conn:
        own = await keys.create_key(conn, world.app, "network")
        foreign = await keys.create_key(conn, world.app, "clerk", branch="kisumu")
    body = {"category": "electricity", "affectedArea": "Milimani", "description": "a fallen pole"}
    assert (await world.send("POST", API, foreign, json=body)).status == 404
    made = await (await world.send("POST", API, own, json=body)).json()
    assert (made["status"], made["affectedArea"]) == ("inProgress", "Milimani")
    assert await (await world.get(API, foreign)).json() == []
    assert (await world.get(made["href"], foreign)).status == 404
    assert (await world.send("PATCH", made["href"], foreign, json={"status": "resolved"})).status == 404
    kisumu = await signed_in(world.client, world.app, "clerk", "kisumu")
    assert "a fallen pole" not in await kisumu.get(PATH)
    await kisumu.post(f"{PATH}/{made['id']}", 404, do="end", sure="yes")
    for wrong in (
        {"status": "odd"},
        {"expectedResolutionDate": "x"},
        {"expectedResolutionDate": "2020-01-01T00:00:00Z"},
    ):
        assert (await world.send("PATCH", made["href"], own, json=wrong)).status == 400
    ended = await (await world.send("PATCH", made["href"], own, json={"status": "resolved"})).json()
    assert ended["status"] == "resolved" and await (await world.get(API, own)).json() == []


async def test_an_area_that_two_branches_serve_is_for_the_head_office(world: World) -> None:
    kisumu = await signed_in(world.client, world.app, "clerk", "kisumu")
    await kisumu.post(PATH, 403, **SAID)
