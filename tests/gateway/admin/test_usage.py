"""Usage over HTTP and on the console: what became of each record, once, with its reason; and taken again after a fix."""

from datetime import date
from typing import Any

from core.access import keys
from core.metering import verify
from core.onboarding.model import NewCustomer, NewMeter
from core.onboarding.register import register_customer
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

PATH = "/tmf-api/usageManagement/v4/usage"


def record(
    number: int = 1, line: str = "+254700000001", use: str = "voice", quantity: object = 60, unit: str = "s"
) -> Any:
    said = {"line": line, "quantity": quantity, "unit": unit, "destination": "0711"}
    return {
        "usageDate": f"2026-03-10T08:00:{number:02}+03:00",
        "usageType": use,
        "externalId": f"r{number}",
        "usageCharacteristic": [{"name": name, "value": value} for name, value in said.items()],
    }


async def post(world: World, body: Any, status: int = 201, key: str | None = None, api_key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await world.send("POST", PATH, api_key, json=body, headers=headers)
    assert answer.status == status, await answer.text()
    async with world.app.db.reading() as conn:
        assert await verify.problems(conn) == []
    return await answer.json()


async def line(world: World) -> None:
    async with world.app.db.writing() as conn:
        meter = NewMeter("+254700000001", code="line", unit="event", kind="line", interval_minutes=None)
        given = NewCustomer(
            "Amina", number="30000001", opened_on=date(2026, 1, 1), commodity="mobile", meter=meter, tariff="go"
        )
        await register_customer(conn, world.app, given)


async def test_one_record_is_received_and_can_be_read(world: World) -> None:
    await line(world)
    told = await post(world, record(quantity=1.5, unit="MB", use="data"))
    assert (told["status"], told["externalId"]) == ("received", "r1")
    found = await (await world.get(told["href"])).json()
    assert found["usageDate"] == "2026-03-10T05:00:01Z"
    assert {one["name"]: one["value"] for one in found["usageCharacteristic"]} == {
        "quantity": 1.5,
        "unit": "MB",
        "destination": "0711",
    }
    listed = await (await world.get(PATH, params={"usageType": "data"})).json()
    assert [one["id"] for one in listed] == [told["id"]]
    for wrong in ("x", "1-2", "1-2-3"):
        assert (await world.get(f"{PATH}/{wrong}")).status == 404


async def test_a_batch_tells_of_each_and_again_changes_nothing(world: World) -> None:
    await line(world)
    batch = [record(1), record(2, line="+254799999999"), record(1), record(3, unit="MB"), "nonsense"]
    first = await post(world, batch, key="k")
    assert [one["status"] for one in first] == ["received", "rejected", "received", "rejected", "rejected"]
    assert first[1]["note"].startswith("Nobody has the line +254799999999")
    assert await post(world, batch, key="k") == first
    await post(world, [record(4)], 409, key="k")
    listed = await world.get(PATH)
    assert listed.headers["X-Total-Count"] == "1"


async def test_nothing_and_too_much_and_strangers_are_refused(world: World) -> None:
    await post(world, [], 400)
    await post(world, [1] * 10_001, 400)
    async with world.app.db.writing() as conn:
        viewer = await keys.create_key(conn, world.app, "viewer")
        branch = await keys.create_key(conn, world.app, "network", branch="nakuru")
    await post(world, record(), 403, api_key=viewer)
    await post(world, record(), 403, api_key=branch)


async def test_the_console_shows_files_and_reasons_and_takes_them_again(world: World) -> None:
    await post(world, [record(1), record(2, unit="MB")], key="switch one")
    browser = await signed_in(world.client, world.app)
    text = await browser.get("/console/usage")
    assert "Nobody has the line +254700000001" in text and "switch one" in text and "<svg" in text
    await line(world)
    text = await browser.post("/console/usage/recycle")
    assert "1 taken, 0 there already, 1 still rejected." in text
    place = text.split('href="/console/usage/')[1].split('"')[0]
    text = await browser.get(f"/console/usage/{place}")
    assert "MB is the wrong unit: voice is counted in s." in text and "Control totals" in text
    assert "0 taken, 0 there already, 1 still rejected." in await browser.post("/console/usage/recycle", file=place)
    await browser.get("/console/usage/999", status=404)


async def test_who_may_only_look_has_no_button(world: World) -> None:
    await post(world, [record(1)])
    browser = await signed_in(world.client, world.app, "viewer")
    assert "Take them again" not in await browser.get("/console/usage")
    await browser.post("/console/usage/recycle", status=403)
