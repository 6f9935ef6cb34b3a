"""People and keys: what a command changes holds from the next request, in every open window, and stands in the audit."""

import asyncio

import pytest
from sqlalchemy import select

from core.access import keys, people
from core.access.model import ROLES
from core.access.staff import sign_in
from core.audit.trail import audit
from core.errors import Refused
from tests.gateway.admin.seats import PASSWORD, sit, sit_again
from tests.gateway.conftest import World

LOGIN = 303
"""Where who is not signed in is sent."""


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_everybody_who_is_signed_in_can_sign_out(world: World, role: str) -> None:
    seat = await sit(world.client, world.app, role)
    _, text = await seat.get("/console")
    assert 'action="/console/logout"' in text and seat.csrf in text, "also where the role may not go"
    assert (await seat.send("POST", "/console/logout"))[0] == 303
    status, _ = await seat.get("/console")
    assert status == LOGIN, "the session has ended on the server"


async def test_a_disabled_person_is_out_of_every_window_at_the_next_request_and_comes_back_by_enable(
    world: World,
) -> None:
    app = world.app
    first = await sit(world.client, app, "clerk", name="asha")
    second = await sit_again(world.client, app, "asha")
    for seat in (first, second):
        assert (await seat.get("/console"))[0] == 200
    async with app.db.writing() as conn:
        await people.disable(conn, app, "asha", actor="cli:root", why="left")
    for seat in (first, second):
        assert (await seat.get("/console"))[0] == LOGIN
        assert await seat.post(f"/console/tickets/{world.nakuru.ticket_id}", text="x") == LOGIN
    assert await sign_in(app, "asha", PASSWORD) is None
    async with app.db.writing() as conn:
        await people.enable(conn, app, "asha", actor="cli:root", why="came back")
    assert (await first.get("/console"))[0] == LOGIN, "an old window stays shut"
    assert (await (await sit_again(world.client, app, "asha")).get("/console"))[0] == 200
    async with app.db.reading() as conn:
        found = (await conn.execute(select(audit).where(audit.c.subject == "user:asha").order_by(audit.c.id))).all()
    told = [(row.action, row.actor, row.details.get("why")) for row in found if "signed" not in row.action]
    assert told[1:] == [("staff.disabled", "cli:root", "left"), ("staff.enabled", "cli:root", "came back")]


async def test_another_role_or_password_ends_what_is_open_and_holds_at_once(world: World) -> None:
    app = world.app
    seat = await sit(world.client, app, "finance", name="asha")
    assert (await seat.get("/console/money"))[0] == 200
    async with app.db.writing() as conn:
        await people.change_role(conn, app, "asha", "clerk", "nakuru", actor="cli:root")
    assert (await seat.get("/console/money"))[0] == LOGIN
    seat = await sit_again(world.client, app, "asha")
    assert (await seat.get("/console/money"))[0] == 403
    assert (await seat.get(f"/console/accounts/{world.kisumu.account_id}"))[0] == 404
    async with app.db.writing() as conn:
        await people.reset(conn, app, "asha", "four other plain words", actor="cli:root")
    assert (await seat.get("/console"))[0] == LOGIN
    assert await sign_in(app, "asha", PASSWORD) is None
    assert await sign_in(app, "asha", "four other plain words") is not None


async def test_a_key_is_revoked_or_rotated_from_the_next_request(world: World) -> None:
    app, path = world.app, "/tmf-api/accountManagement/v4/billingAccount"
    async with app.db.writing() as conn:
        one, two = await keys.create_key(conn, app, "viewer"), await keys.create_key(conn, app, "viewer")
        assert await keys.revoke_key(conn, app, one.split("_")[1], "cli:root", "found in a mail")
        made = await keys.rotate_key(conn, app, two.split("_")[1], "cli:root")
    assert [(await world.get(path, key)).status for key in (one, two, made)] == [401, 401, 200]
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match=r"access\.key"):
            await keys.rotate_key(conn, app, one.split("_")[1], "cli:root")


async def test_two_admins_who_disable_each_other_at_once_leave_one(world: World) -> None:
    app = world.app
    await sit(world.client, app, "admin", name="asha")
    await sit(world.client, app, "admin", name="bea")

    async def disable(name: str) -> bool:
        try:
            async with app.db.writing() as conn:
                await people.disable(conn, app, name, actor="cli:root")
        except Refused as why:
            assert why.code == "access.last_admin"
            return False
        return True

    assert sorted(await asyncio.gather(disable("asha"), disable("bea"))) == [False, True]
    async with app.db.writing() as conn:
        left = [one.name for one in await people.people(conn) if one.disabled_at is None]
        with pytest.raises(Refused, match=r"access\.last_admin"):
            await people.change_role(conn, app, left[0], "viewer", None, actor="cli:root")
