"""The sign-in page under attack: a stranger locks no clerk out, and guessing stays hopeless."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import people, staff
from core.audit.alarms import alarm
from core.clock import SetClock
from core.db.engine import Database
from tests.gateway.conftest import Serve, World, ops_app

PASSWORD = "three plain words"


@pytest.fixture
def db(sqlite_db: Database) -> Database:
    return sqlite_db


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty guesses: what argon2 costs is not what is asked here."""
    monkeypatch.setattr(staff, "_verified", lambda hashed, password: hashed == password)

    async def plain(password: str) -> str:
        return password

    monkeypatch.setattr(staff, "hashed_password", plain)
    monkeypatch.setattr(people, "hashed_password", plain)


@pytest.fixture
async def world(world: World, aiohttp_client: Serve) -> World:
    app = replace(world.app, settings=world.app.settings.model_copy(update={"trusted_proxies": "127.0.0.1"}))
    async with app.db.writing() as conn:
        await staff.create_staff(conn, app, "wanjiru", "clerk", PASSWORD)
    return replace(world, app=app, client=await aiohttp_client(ops_app(app)))


async def sign_in(world: World, address: str, password: str, cookies: dict[str, str] | None = None) -> int:
    """The status; what the browser was given is put into `cookies`."""
    world.client.session.cookie_jar.clear()
    answer = await world.client.post(
        "/console/login",
        data={"name": "Wanjiru", "password": password},
        headers={"X-Forwarded-For": address},
        cookies=cookies or {},
        allow_redirects=False,
    )
    if cookies is not None:
        cookies.update({name: morsel.value for name, morsel in answer.cookies.items()})
    return answer.status


async def test_a_stranger_who_guesses_locks_the_name_for_themselves_alone(world: World, clock: SetClock) -> None:
    assert [await sign_in(world, "198.51.100.9", "a wrong password") for _ in range(staff.TRIES)] == [403] * staff.TRIES
    assert await sign_in(world, "198.51.100.9", PASSWORD) == 403, "where it was guessed at, it is locked"
    assert await sign_in(world, "203.0.113.5", PASSWORD) == 303
    clock.forward(staff.LOCKED_FOR + timedelta(seconds=1))
    assert await sign_in(world, "198.51.100.9", PASSWORD) == 303


async def test_at_one_address_the_known_browser_goes_on(world: World) -> None:
    clerk: dict[str, str] = {}
    assert await sign_in(world, "203.0.113.5", PASSWORD, clerk) == 303
    for _ in range(30):
        await sign_in(world, "203.0.113.5", "a wrong password")
    assert await sign_in(world, "203.0.113.5", PASSWORD) == 429
    assert await sign_in(world, "203.0.113.5", PASSWORD, clerk) == 303
    forged = {"hodi_console_known": clerk["hodi_console_known"][:-1] + "x"}
    assert await sign_in(world, "203.0.113.5", PASSWORD, forged) == 429


async def test_ever_so_many_addresses_have_few_tries_together(world: World) -> None:
    clerk: dict[str, str] = {}
    assert await sign_in(world, "203.0.113.5", PASSWORD, clerk) == 303
    for number in range(staff.STRANGERS):
        await sign_in(world, f"198.51.100.{number}", "a wrong password")
    assert await sign_in(world, "192.0.2.77", PASSWORD) == 403, "also the right one, or they would learn it"
    assert await sign_in(world, "203.0.113.5", PASSWORD, clerk) == 303
    async with world.app.db.reading() as conn:
        assert (await conn.execute(select(alarm.c.kind))).scalars().all() == ["sign_in"]
    async with world.app.db.writing() as conn:
        await people.enable(conn, world.app, "wanjiru", actor="user:asha")
        await people.reset(conn, world.app, "wanjiru", "four other plain words", actor="user:asha")
    assert await sign_in(world, "192.0.2.77", "four other plain words") == 303


async def test_a_known_browser_is_guessed_in_five_times_and_no_more(world: World) -> None:
    clerk: dict[str, str] = {}
    assert await sign_in(world, "203.0.113.5", PASSWORD, clerk) == 303
    told = [await sign_in(world, "203.0.113.5", "a wrong password", dict(clerk)) for _ in range(staff.TRIES)]
    assert told == [403] * staff.TRIES
    assert await sign_in(world, "203.0.113.5", PASSWORD, dict(clerk)) == 403
