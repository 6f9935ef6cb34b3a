"""Keys, people and sittings: shown once, kept as digests, locked after five wrong passwords."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import keys, sessions, staff
from core.access.model import ROLES, Who
from core.access.tables import api_key, staff_session
from core.clock import SetClock
from core.context import App
from core.errors import Refused

PASSWORD = "three plain words"


async def made_person(app: App, name: str = "Wanjiru", role: str = "clerk") -> None:
    async with app.db.writing() as conn:
        await staff.create_staff(conn, app, name, role, PASSWORD)


def test_an_unknown_role_grants_nothing() -> None:
    named = {permission for granted in ROLES.values() for permission in granted}
    assert not any(Who("key:x", "retired", None).may(permission) for permission in named)
    assert all(Who("key:x", "admin", None).may(permission) for permission in named)


async def test_a_key_opens_for_who_holds_it_and_is_not_in_the_database(app: App) -> None:
    async with app.db.writing() as conn:
        key = await keys.create_key(conn, app, "partner", branch="nakuru")
        assert await keys.who(conn, app, key) == Who(f"key:{key.split('_')[1]}", "partner", "nakuru")
        stored = (await conn.execute(select(api_key))).one()
    assert key.split("_", 2)[2] not in str(stored)


@pytest.mark.parametrize(
    "forge", [lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"), lambda _: "", lambda _: "hodi_x"]
)
async def test_a_key_that_differs_by_one_letter_opens_nothing(app: App, forge: object) -> None:
    async with app.db.writing() as conn:
        key = await keys.create_key(conn, app, "admin")
        assert await keys.who(conn, app, forge(key)) is None


async def test_a_revoked_key_opens_nothing_ever_again(app: App) -> None:
    async with app.db.writing() as conn:
        key = await keys.create_key(conn, app, "admin")
        prefix = key.split("_")[1]
        assert await keys.revoke_key(conn, app, prefix, "user:asha")
        assert await keys.who(conn, app, key) is None
        assert not await keys.revoke_key(conn, app, prefix, "user:asha")


async def test_a_key_for_a_role_that_does_not_exist_is_refused(app: App) -> None:
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"access\.role"):
            await keys.create_key(conn, app, "superuser")


async def test_the_right_password_opens_a_sitting_that_ends_with_the_working_day(app: App, clock: SetClock) -> None:
    await made_person(app)
    cookie = await staff.sign_in(app, " wanjiru ", PASSWORD)
    assert cookie
    async with app.db.reading() as conn:
        found = await sessions.sitting(conn, app, cookie)
    assert found and found.who == Who("user:wanjiru", "clerk", None)
    clock.forward(sessions.LASTS)
    async with app.db.reading() as conn:
        assert await sessions.sitting(conn, app, cookie) is None


async def test_the_cookie_is_not_in_the_database_and_signing_out_ends_it(app: App) -> None:
    await made_person(app)
    cookie = await staff.sign_in(app, "wanjiru", PASSWORD)
    assert cookie
    async with app.db.writing() as conn:
        assert cookie not in str((await conn.execute(select(staff_session))).all())
        await sessions.close_session(conn, cookie)
        assert await sessions.sitting(conn, app, cookie) is None


async def test_five_wrong_passwords_lock_the_name_for_a_while(app: App, clock: SetClock) -> None:
    await made_person(app)
    for _ in range(staff.TRIES):
        assert await staff.sign_in(app, "wanjiru", "a wrong password") is None
    assert await staff.sign_in(app, "wanjiru", PASSWORD) is None
    clock.forward(staff.LOCKED_FOR + timedelta(seconds=1))
    assert await staff.sign_in(app, "wanjiru", PASSWORD)


async def test_many_guesses_at_once_are_still_only_five(app: App) -> None:
    await made_person(app)
    guesses = [staff.sign_in(app, "wanjiru", "a wrong password") for _ in range(12)]
    assert await asyncio.gather(*guesses) == [None] * 12
    assert await staff.sign_in(app, "wanjiru", PASSWORD) is None


async def test_one_wrong_password_is_forgiven_by_the_right_one(app: App) -> None:
    await made_person(app)
    for _ in range(3):
        for _ in range(staff.TRIES - 1):
            await staff.sign_in(app, "wanjiru", "a wrong password")
        assert await staff.sign_in(app, "wanjiru", PASSWORD)


async def test_a_name_nobody_has_opens_nothing(app: App) -> None:
    assert await staff.sign_in(app, "nobody", PASSWORD) is None


@pytest.mark.parametrize(("name", "role", "password"), [
    ("asha", "queen", PASSWORD), ("asha", "clerk", "short"), ("", "clerk", PASSWORD), ("wanjiru", "clerk", PASSWORD),
])  # fmt: skip
async def test_a_person_that_cannot_be_is_refused(app: App, name: str, role: str, password: str) -> None:
    await made_person(app)
    async with app.db.writing() as conn:
        with pytest.raises(Refused):
            await staff.create_staff(conn, app, name, role, password)
