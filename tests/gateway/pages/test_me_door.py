"""The door of the self-care pages under attack: codes are counted by who asks and for whom, nobody is told apart, and a sitting ends here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from core.audit import alarms
from core.audit.alarms import alarm
from core.clock import SetClock
from core.config.operator import Identity
from core.db.engine import Database
from core.outbox.queue import outbox
from core.parties import codes, self_care_sessions, sim
from gateway.pages import me
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import Serve, World, ops_app
from tests.gateway.world import a_customer

PHONE = "+254710000017"
Browser = Callable[[str], "Visitor"]


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture
async def world(world: World, aiohttp_client: Serve) -> World:
    return await served(world, aiohttp_client)


async def served(world: World, aiohttp_client: Serve, **identity: int) -> World:
    operator = world.app.operator.model_copy(update={"identity": Identity(**identity)})
    settings = world.app.settings.model_copy(update={"trusted_proxies": "127.0.0.1"})
    app = replace(world.app, settings=settings, operator=operator)
    web_app = ops_app(app)
    web_app.add_routes(me.routes())
    me.setup(web_app)
    return replace(world, app=app, client=await aiohttp_client(web_app))


class Visitor:
    """A browser at an address: it keeps its own cookies."""

    def __init__(self, world: World, address: str) -> None:
        self.client: TestClient = world.client  # type: ignore[type-arg]  # of any application
        self.world, self.address = world, address
        self.cookies: dict[str, str] = {}

    async def ask(self, method: str, path: str, **form: str) -> tuple[int, str]:
        self.client.session.cookie_jar.clear()
        answer = await self.client.request(
            method,
            path,
            data=form or None,
            headers={"X-Forwarded-For": self.address},
            cookies=self.cookies,
            allow_redirects=False,
        )
        for name, morsel in answer.cookies.items():
            self.cookies.pop(name, None)
            if morsel.value:
                self.cookies[name] = morsel.value
        return answer.status, await answer.text()

    async def enter(self, **form: str) -> int:
        return (await self.ask("POST", "/me/enter", **form))[0]

    async def come_in(self, phone: str = PHONE) -> None:
        assert await self.enter(phone=phone) == 200
        assert await self.enter(code=(await sent(self.world))[-1]) == 303
        assert (await self.ask("GET", "/me"))[0] == 200


async def sent(world: World) -> list[str]:
    """The codes that are on their way to somebody."""
    query = select(outbox.c.subject_id, outbox.c.params).where(outbox.c.kind == "code").order_by(outbox.c.id)
    async with world.app.db.reading() as conn:
        rows = (await conn.execute(query)).all()
    return [str(said["code"]) for row in rows if (said := codes.words(world.app, row.subject_id, row.params))]


async def test_many_customers_get_their_code_within_an_hour(world: World) -> None:
    async with world.app.db.writing() as conn:
        branch_id = await conn.scalar(select(me_branch()))
        for number in range(14):
            await a_customer(conn, world.app, branch_id, number=f"2000{number:04}", name="Asha")
    for number in range(14):
        assert await Visitor(world, f"198.51.100.{number}").enter(phone=f"+2547{f'2000{number:04}':0>8}") == 200
    assert len(await sent(world)) == 14


def me_branch() -> object:
    from core.parties.tables import branch

    return select(branch.c.id).limit(1).scalar_subquery()


async def test_one_address_asks_for_few_codes_and_locks_out_nobody_else(world: World) -> None:
    async with world.app.db.writing() as conn:
        branch_id = await conn.scalar(select(me_branch()))
        for number in range(12):
            await a_customer(conn, world.app, branch_id, number=f"2000{number:04}", name="Asha")
    owner = Visitor(world, "203.0.113.5")
    await owner.come_in()
    told = [await Visitor(world, "203.0.113.5").enter(phone=f"+2547{f'2000{number:04}':0>8}") for number in range(12)]
    assert told == [200] * 4 + [429] * 8
    assert await owner.enter(phone=PHONE) == 200, "a browser in which somebody signed in is not counted with them"
    await Visitor(world, "198.51.100.9").come_in("+254710000025")


async def test_a_stranger_who_asks_and_guesses_spoils_nobody_s_code(world: World) -> None:
    customer, stranger = Visitor(world, "203.0.113.5"), Visitor(world, "198.51.100.9")
    assert await customer.enter(phone=PHONE) == 200
    [code] = await sent(world)
    for _ in range(3):
        assert await stranger.enter(phone=PHONE) == 200
        for _ in range(2):
            assert await stranger.enter(code="000000") == 400
    assert await stranger.enter(code=code) == 400, "a code is for the browser that asked"
    assert await customer.enter(code=code) == 303


async def test_a_number_is_not_troubled_without_end_and_its_owner_goes_on(world: World) -> None:
    customer = Visitor(world, "203.0.113.5")
    await customer.come_in()
    for number in range(codes.MOST_SENT + 3):
        assert await Visitor(world, f"198.51.100.{number}").enter(phone=PHONE) == 200, "nobody is told"
    assert len(await sent(world)) <= codes.MOST_SENT + 1
    await customer.ask("POST", "/me/leave")
    await customer.come_in()


async def test_a_stranger_cannot_tell_who_is_a_customer(world: World) -> None:
    one, other = Visitor(world, "203.0.113.5"), Visitor(world, "203.0.113.6")
    pages = [
        await one.ask("POST", "/me/enter", phone=PHONE),
        await other.ask("POST", "/me/enter", phone="+254799999999"),
    ]
    for number in range(codes.TRIES + 1):
        assert pages[0] == pages[1], number
        pages = [await who.ask("POST", "/me/enter", code="000000") for who in (one, other)]
    shapes = [{name: (len(value), value.count(".")) for name, value in who.cookies.items()} for who in (one, other)]
    assert shapes[0] == shapes[1] and shapes[0]
    async with world.app.db.reading() as conn:
        rows = (await conn.execute(select(outbox.c.kind, outbox.c.contact_id).order_by(outbox.c.id))).all()
    assert [tuple(row) for row in rows] == [("code", world.nakuru.contact_id), (codes.NOBODY, None)]


async def test_the_house_sends_no_more_codes_to_strangers_than_its_ceiling_and_says_so(
    world: World, aiohttp_client: Serve
) -> None:
    world = await served(world, aiohttp_client, codes_an_hour=10)
    owner = Visitor(world, "203.0.113.5")
    await owner.come_in()
    for number in range(12):
        assert await Visitor(world, f"198.51.100.{number}").enter(phone="+254710000025") == 200
    assert len(await sent(world)) == 10
    await owner.come_in()
    async with world.app.db.reading() as conn:
        told = (await conn.execute(select(alarm.c.kind, alarm.c.details).order_by(alarm.c.id))).all()
    assert [(row.kind, row.details["ceiling"]) for row in told] == [("codes", 10)] * 2


async def test_signing_out_ends_it_at_the_server(world: World) -> None:
    visitor = Visitor(world, "203.0.113.5")
    await visitor.come_in()
    kept = dict(visitor.cookies)
    assert (await visitor.ask("POST", "/me/leave"))[0] == 303
    visitor.cookies = kept
    assert (await visitor.ask("GET", "/me"))[0] == 303


async def test_a_sitting_ends_at_last_however_busy_it_is(world: World, clock: SetClock) -> None:
    visitor = Visitor(world, "203.0.113.5")
    await visitor.come_in()
    for _ in range(int(self_care_sessions.AT_MOST / timedelta(minutes=20)) - 1):
        clock.forward(timedelta(minutes=20))
        assert (await visitor.ask("GET", "/me"))[0] == 200
    clock.forward(timedelta(minutes=20))
    assert (await visitor.ask("GET", "/me"))[0] == 303


async def test_a_sitting_that_is_left_ends_sooner(world: World, clock: SetClock) -> None:
    visitor = Visitor(world, "203.0.113.5")
    await visitor.come_in()
    clock.forward(self_care_sessions.IDLE)
    assert (await visitor.ask("GET", "/me"))[0] == 303


async def test_another_sim_under_the_number_ends_it_and_opens_no_other(world: World, clock: SetClock) -> None:
    visitor = Visitor(world, "203.0.113.5")
    await visitor.come_in()
    async with world.app.db.writing() as conn:
        await sim.note(conn, world.app, PHONE, "sim", world.app.clock.now())
    assert (await visitor.ask("GET", "/me"))[0] == 303
    before = len(await sent(world))
    assert await Visitor(world, "198.51.100.9").enter(phone=PHONE) == 200
    assert len(await sent(world)) == before
    clock.forward(timedelta(hours=sim.COOLING_HOURS, seconds=1))
    await Visitor(world, "198.51.100.9").come_in()


async def test_who_sees_the_day_and_the_watcher_see_the_alarm(world: World) -> None:
    async with world.app.db.writing() as conn:
        await alarms.sound(conn, world.app, "codes", "noon", asked=300, ceiling=600)
    browser = await signed_in(world.client, world.app)
    assert "Very many one-time codes" in await browser.get("/console/day")
    counters = await (await world.get("/metrics")).text()
    assert 'hodi_alarms{kind="codes"} 1.0' in counters
    assert "hodi_codes_hour 0.0" in counters
