"""Trouble tickets over the ops API: opened once, moved as tickets move, never out of one's branch."""

from typing import Any

import pytest

from core.access import keys
from gateway.admin.tmf.trouble_ticket import TICKET
from tests.gateway.conftest import World

PATH = TICKET.path


def new(**more: Any) -> dict[str, Any]:
    return {"description": "The meter shows nothing", "ticketType": "meter", **more}


def about(account_id: int) -> list[dict[str, str]]:
    return [{"id": str(account_id), "@referredType": "BillingAccount"}]


async def opened(world: World, **options: Any) -> dict[str, Any]:
    answer = await world.send("POST", PATH, json=new(**options))
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    assert answer.headers["Location"] == made["href"]
    return made


async def test_a_ticket_is_opened_and_can_be_read(world: World) -> None:
    made = await opened(world, relatedEntity=about(world.nakuru.account_id))
    read = await (await world.get(made["href"])).json()
    assert read == made
    assert (read["status"], read["account"]["name"]) == ("inProgress", "10000017")
    assert read["statusChange"][0]["status"] == "opened"


async def test_an_account_may_be_named_by_its_number(world: World) -> None:
    made = await opened(world, relatedEntity=[{"name": "10000025"}])
    assert made["account"]["id"] == str(world.kisumu.account_id)


async def test_the_same_key_opens_one_ticket(world: World) -> None:
    for headers, more in [({"Idempotency-Key": "k1"}, {}), ({}, {"externalId": "e1"})]:
        made = [
            (await (await world.send("POST", PATH, json=new(**more), headers=headers)).json())["id"] for _ in range(3)
        ]
        assert len(set(made)) == 1


async def test_a_status_moves_as_tickets_move_and_notes_are_added(world: World) -> None:
    made = await opened(world)
    for body, status in [
        ({"status": "pending"}, "pending"),
        ({"note": [{"text": "We came"}]}, "pending"),
        ({"status": "resolved"}, "resolved"),
    ]:
        answer = await world.send("PATCH", made["href"], json=body)
        assert answer.status == 200, await answer.text()
        after = await answer.json()
        assert after["status"] == status
    assert [note["text"] for note in after["note"]] == ["We came"]
    assert (await world.send("PATCH", made["href"], json={"status": "pending"})).status == 409


async def test_id_and_href_cannot_be_changed_but_may_be_repeated(world: World) -> None:
    made = await opened(world)
    assert (await world.send("PATCH", made["href"], json={"id": made["id"], "href": made["href"]})).status == 200
    assert (await world.send("PATCH", made["href"], json={"id": "1"})).status == 400
    assert (await world.send("PATCH", made["href"], json={"href": "/elsewhere"})).status == 400


ODD_BODIES = [
    "", "x", "[]", "null", "1", "{}", '{"description": ""}', '{"description": "x"}', '{"description": "x", "ticketType": "DROP TABLE"}',
    '{"description": "a\\u0000b", "ticketType": "meter"}', '{"description": "a\\ud800b", "ticketType": "meter"}',
    '{"description": "' + "x" * 1001 + '", "ticketType": "meter"}', '{"description": "x", "ticketType": "meter", "severity": "odd"}',
    '{"description": "x", "ticketType": "meter", "relatedEntity": [{"id": "99999999999999999999"}]}',
    '{"description": "x", "ticketType": "meter", "relatedEntity": [{"id": "1", "@referredType": "Party"}]}',
    '{"description": "x", "ticketType": "meter", "relatedEntity": [{}, {}]}', "[" * 3000,
]  # fmt: skip


async def test_an_odd_body_is_refused_in_words_and_never_a_bug(world: World) -> None:
    made = await opened(world)
    for body in ODD_BODIES:
        for method, path in [("POST", PATH), ("PATCH", made["href"])]:
            answer = await world.send(method, path, data=body.encode(), headers={"Content-Type": "application/json"})
            expected = (200,) if method == "PATCH" and body == "{}" else (400,)
            assert answer.status in expected, (method, body[:80], await answer.text())


async def test_an_odd_status_is_refused(world: World) -> None:
    made = await opened(world)
    for body in ({"status": "gone"}, {"severity": "high"}, {"note": [{"text": ""}]}, {"note": "x"}):
        assert (await world.send("PATCH", made["href"], json=body)).status == 400


async def test_a_branch_key_opens_tickets_of_its_own_accounts_only(world: World) -> None:
    async def post(related: list[dict[str, str]]) -> int:
        answer = await world.send("POST", PATH, world.nakuru_key, json=new(relatedEntity=related))
        return int(answer.status)

    assert await post(about(world.nakuru.account_id)) == 201
    assert await post(about(world.kisumu.account_id)) == 404
    assert await post([]) == 400


async def test_a_branch_key_neither_sees_nor_moves_a_foreign_ticket(world: World) -> None:
    foreign = f"{PATH}/{world.kisumu.ticket_id}"
    assert (await world.get(foreign, world.nakuru_key)).status == 404
    assert (await world.send("PATCH", foreign, world.nakuru_key, json={"status": "closed"})).status == 404
    assert (await (await world.get(foreign)).json())["status"] == "inProgress"


@pytest.mark.parametrize("role", ["finance", "viewer", "marketing"])
async def test_a_role_that_may_only_look_cannot_write(world: World, role: str) -> None:
    async with world.app.db.writing() as conn:
        key = await keys.create_key(conn, world.app, role)
    assert (await world.send("POST", PATH, key, json=new())).status == 403
