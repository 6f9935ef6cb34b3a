"""Held readings: accepted, replaced or ordered again, on the page, over the API and by command; then the month is billed."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.access import keys
from core.audit.trail import audit
from core.care.tables import ticket
from core.clock import SetClock
from core.context import App
from core.journeys import own_reading
from core.journeys.close_cycles import close_cycles
from core.metering.store import readings
from core.metering.store.readings import Read
from core.metering.tables import reading
from core.metering.units import MICRO
from core.onboarding.model import Registered
from core.outbox.queue import outbox
from tests.gateway.admin.console import signed_in
from tests.gateway.admin.test_parked import FEB, JAN, MAR, bills, read, tap, tick
from tests.gateway.conftest import World

__all__ = ["tap"]
API = "/tmf-api/usageManagement/v4/heldReading"


async def held_id(app: App, state: str = "held") -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(reading.c.id).where(reading.c.state == state))).scalar_one())


async def states(app: App) -> list[tuple[date, int, str]]:
    async with app.db.reading() as conn:
        rows = await conn.execute(
            select(reading.c.read_on, reading.c.value_micro, reading.c.state).order_by(reading.c.read_on, reading.c.id)
        )
        return [(row[0], row[1] // MICRO, row[2]) for row in rows]


@pytest.fixture
async def rollback(world: World, tap: Registered) -> int:
    """On 1 March the dials showed less than in February: held, and February cannot be billed."""
    await read(world.app, (MAR, 90))
    return await held_id(world.app)


async def test_the_page_tells_what_was_read_before_and_what_would_be_billed(world: World, rollback: int) -> None:
    browser = await signed_in(world.client, world.app, "clerk")
    text = await browser.get("/console/readings")
    assert "W1" in text and "90 m3" in text and "140 m3" in text
    assert "999950 m3" in text and "as if the dials had turned over" in text
    assert "lower than the one before" in text


async def test_a_rollback_is_accepted_only_by_who_is_sure_that_the_dials_turned(world: World, rollback: int) -> None:
    browser = await signed_in(world.client, world.app, "clerk")
    path = f"/console/readings/{rollback}"
    assert "bills 999,950 m3" in await browser.post(path, 409, do="accept")
    assert await held_id(world.app) == rollback
    await browser.post(path, do="accept", sure="yes")
    assert (MAR, 90, "accepted") in await states(world.app)
    await browser.post(path, 404, do="accept", sure="yes")


async def test_another_value_counts_in_its_place_and_the_month_that_waited_is_billed(
    world: World, tap: Registered, rollback: int
) -> None:
    browser, app = await signed_in(world.client, world.app, "clerk"), world.app
    path = f"/console/readings/{rollback}"
    for value, reason in (("x", "photo"), ("-1", "photo"), ("160", ""), ("99999999999", "photo")):
        await browser.post(path, 400, do="replace", value=value, reason=reason)
    assert "doubtful too" in await browser.post(path, 409, do="replace", value="139", reason="photo")
    await browser.post(path, do="replace", value="160", reason="photo")
    await tick(app)
    assert await bills(app, tap.account_id) == {JAN: 45_000, FEB: 25_000}
    assert await states(app) == [
        (JAN, 100, "accepted"),
        (FEB, 140, "accepted"),
        (MAR, 90, "replaced"),
        (MAR, 160, "accepted"),
    ]
    async with app.db.reading() as conn:
        noted = (
            await conn.execute(select(audit.c.actor, audit.c.details).where(audit.c.action == "reading.replaced"))
        ).one()
    assert noted.actor == "user:clerk-none" and noted.details["why"] == "photo"


@pytest.mark.parametrize(
    ("typed", "micro"), [("1,160.5", 1_160_500_000), ("1160.5 m3", 1_160_500_000), ("1 160", 1_160_000_000)]
)
async def test_the_other_value_is_read_as_the_console_writes(
    world: World, rollback: int, typed: str, micro: int
) -> None:
    browser, path = await signed_in(world.client, world.app, "clerk"), f"/console/readings/{rollback}"
    for wrong in ("160,5", "1.160.500", "1e3", "1_160", "11,60", ""):
        told = await browser.post(path, 400, do="replace", value=wrong, reason="photo", sure="yes")
        assert f'value="{wrong}"' in told, "what was typed stays"
    await browser.post(path, do="replace", value=typed, reason="photo", sure="yes")
    async with world.app.db.reading() as conn:
        kept = select(reading.c.value_micro).where(reading.c.read_on == MAR, reading.c.state == "accepted")
        assert (await conn.execute(kept)).scalar_one() == micro


async def test_ordered_again_it_waits_until_the_meter_was_read(
    world: World, tap: Registered, rollback: int, clock: SetClock
) -> None:
    browser, app = await signed_in(world.client, world.app, "clerk"), world.app
    await browser.post(f"/console/readings/{rollback}", do="order", note="beware of the dog")
    async with app.db.reading() as conn:
        opened = (await conn.execute(select(ticket).where(ticket.c.kind == "read_again"))).one()
    assert "Read meter W1 again" in opened.description and "beware of the dog" in opened.description
    assert "to be read again" in await browser.get("/console/readings")
    clock.forward(timedelta(hours=2))
    await tick(app)
    assert FEB not in await bills(app, tap.account_id)
    await read(app, (date(2026, 3, 8), 165))
    assert (MAR, 90, "replaced") in await states(app)
    await close_cycles(app, app.today())
    assert FEB in await bills(app, tap.account_id)


async def test_a_corrected_file_settles_what_was_held(world: World, rollback: int) -> None:
    await read(world.app, (MAR, 160))
    assert (MAR, 90, "replaced") in await states(world.app)


async def test_a_customer_hears_what_became_of_a_reading_of_theirs(
    world: World, tap: Registered, clock: SetClock
) -> None:
    app = world.app
    clock.instant = clock.instant.replace(month=3, day=30)
    await read(app, (MAR, 160))
    async with app.db.writing() as conn:
        _, [dial] = await own_reading.open_dials(conn, app, tap.account_id)
        sent = await own_reading.send(
            conn,
            app,
            account_id=tap.account_id,
            meter_id=dial.meter_id,
            value_micro=1_000 * MICRO,
            contact_id=None,
            key="k",
        )
    assert sent.state == "held"
    browser = await signed_in(world.client, app, "clerk")
    await browser.post(
        f"/console/readings/{await held_id(app)}", do="replace", value="170", reason="asked on the phone"
    )
    async with app.db.reading() as conn:
        told = (await conn.execute(select(outbox.c.params).where(outbox.c.template == "reading.replaced"))).scalar_one()
        states_ = (await conn.execute(select(ticket.c.state).where(ticket.c.kind == "meter_read"))).scalars().all()
    assert told == {"serial": "W1", "value": "1000 m3", "instead": "170 m3"}
    assert states_ == ["solved"]


async def test_machines_list_and_decide_within_their_branch(world: World, rollback: int) -> None:
    async with world.app.db.writing() as conn:
        clerk = await keys.create_key(conn, world.app, "clerk", branch="nakuru")
        foreign = await keys.create_key(conn, world.app, "clerk", branch="kisumu")
    [listed] = await (await world.get(API, clerk)).json()
    assert (listed["meter"], listed["value"], listed["before"], listed["counts"]) == ("W1", 90, 140, 999950)
    assert await (await world.get(API, foreign)).json() == []
    path = listed["href"]
    for body in ({"status": "accepted", "sure": True}, {"status": "odd"}, {}):
        assert (await world.get(path, foreign)).status == 404
        assert (await world.send("PATCH", path, foreign, json=body)).status == 404
    for body, status in (
        ({"status": "odd"}, 400),
        ({"status": "replaced"}, 400),
        ({"status": "replaced", "value": "1e5x", "reason": "r"}, 400),
        ({"status": "accepted"}, 409),
        ({"status": "ordered"}, 200),
        ({"status": "ordered"}, 409),
        ({"status": "replaced", "value": 160, "reason": "photo"}, 200),
        ({"status": "accepted"}, 404),
    ):
        answer = await world.send("PATCH", path, clerk, json=body)
        assert answer.status == status, (body, await answer.text())
    assert (MAR, 160, "accepted") in await states(world.app)


async def test_the_console_of_another_branch_finds_nothing(world: World, rollback: int) -> None:
    kisumu = await signed_in(world.client, world.app, "clerk", "kisumu")
    assert "No reading waits" in await kisumu.get("/console/readings")
    for do in ("accept", "replace", "order", ""):
        await kisumu.post(f"/console/readings/{rollback}", 404, do=do, value="160", reason="x", sure="yes")
    viewer = await signed_in(world.client, world.app, "viewer")
    await viewer.post(f"/console/readings/{rollback}", 403, do="accept")


async def test_a_held_reading_of_one_source_is_settled_by_the_same_source_only(world: World, rollback: int) -> None:
    async with world.app.db.writing() as conn:
        await readings.record(conn, world.app, [Read("W1", MAR, 160 * MICRO, "smart")])
    assert (MAR, 90, "held") in await states(world.app)
