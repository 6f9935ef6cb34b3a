"""TMF654 over HTTP: top up, hold, draw, let go, each once for its key; only those who may, only of their branch."""

from typing import Any

import pytest
from sqlalchemy import select

from core.access import keys
from core.balances.verify import problems
from core.parties.tables import service
from tests.gateway.admin.console import signed_in
from tests.gateway.conftest import World

BASE = "/tmf-api/prepayBalanceManagement/v4"


async def send(world: World, path: str, key: str, status: int = 201, api_key: str | None = None, **body: Any) -> Any:
    answer = await world.send("POST", f"{BASE}/{path}", api_key, json=body, headers={"Idempotency-Key": key})
    assert answer.status == status, await answer.text()
    return await answer.json()


async def buckets(world: World, **query: str) -> list[Any]:
    answer = await world.get(f"{BASE}/bucket", params=query)
    assert answer.status == 200, await answer.text()
    async with world.app.db.reading() as conn:
        assert await problems(conn) == []
    return list(await answer.json())


def of(number: str) -> dict[str, str]:
    return {"name": number}


MB = {"amount": 500, "units": "MB"}


async def test_prepaid_money_is_one_purse_exact_and_topped_up_once(world: World) -> None:
    for key, amount in (("a", 12.35), ("a", 12.35), ("b", 0.15)):
        made = await send(
            world, "topupBalance", key, amount={"amount": amount, "units": "KES"}, partyAccount=of("10000017")
        )
    [purse] = await buckets(world)
    assert made["bucket"]["id"] == purse["id"]
    assert purse["remainingValue"] == {"amount": 12.5, "units": "KES"}
    assert (purse["usageType"], purse["remainingValueName"], purse["isShared"]) == ("monetary", "KES 12.50", False)
    browser = await signed_in(world.client, world.app)
    assert "KES 12.50" in await browser.get(f"/console/accounts/{world.nakuru.account_id}")
    await send(world, "topupBalance", "a", 409, amount={"amount": 1, "units": "KES"}, partyAccount=of("10000017"))


async def test_a_bundle_is_held_used_and_what_is_left_is_free_again(world: World) -> None:
    await send(
        world,
        "topupBalance",
        "a",
        amount={"amount": 1, "units": "GB"},
        partyAccount=of("10000017"),
        name="Data",
        usageType="data",
        validFor={"endDateTime": "2026-04-01T00:00:00Z"},
        sharedWith=[of("10000025")],
    )
    held = await send(world, "reserveBalance", "s", amount=MB, partyAccount=of("10000025"), usageType="data")
    assert (held["status"], held["amount"]) == ("created", {"amount": 500, "units": "MB"})
    assert await send(world, "reserveBalance", "s", amount=MB, partyAccount=of("10000025"), usageType="data") == held
    [bucket] = await buckets(world, **{"partyAccount.name": "10000017"})
    assert (bucket["remainingValue"]["amount"], bucket["reservedValue"]["amount"], bucket["isShared"]) == (
        500,
        500,
        True,
    )
    used = {"amount": 120, "units": "MB"}
    for _ in range(2):
        done = await send(world, "deductBalance", "u", amount=used, reserveBalance={"id": held["id"]})
        assert done["impactedBucket"] == [{"bucket": done["impactedBucket"][0]["bucket"], "amount": used}]
    answer = await world.get(f"{BASE}/reserveBalance/{held['id']}")
    assert (await answer.json())["status"] == "completed"
    [bucket] = await buckets(world)
    assert (bucket["remainingValue"]["amount"], bucket["reservedValue"]["amount"]) == (880, 0)


async def test_a_reservation_that_is_let_go_holds_nothing(world: World) -> None:
    await send(world, "topupBalance", "a", amount=MB, partyAccount=of("10000017"))
    held = await send(world, "reserveBalance", "s", amount=MB, partyAccount=of("10000017"))
    for _ in range(2):
        gone = await send(world, "unreserveBalance", "x", 200, reserveBalance={"id": held["id"]})
        assert gone["status"] == "cancelled"
    await send(world, "deductBalance", "d", amount=MB, partyAccount=of("10000017"))
    await send(world, "deductBalance", "e", 409, amount=MB, partyAccount=of("10000017"))


async def test_a_use_of_a_service_is_charged_as_the_tariff_says_or_refused(world: World) -> None:
    async with world.app.db.reading() as conn:
        mine = select(service.c.id).where(service.c.account_id == world.nakuru.account_id)
        product = [{"id": str((await conn.execute(mine)).scalar_one())}]
    await send(world, "topupBalance", "a", amount=MB, product=product, usageType="data")
    done = await send(
        world, "deductBalance", "d", amount={"amount": 100, "units": "MB"}, product=product, usageType="data"
    )
    assert (done["unitsUsed"], done["moneyUsed"]) == ({"amount": 100, "units": "MB"}, {"amount": 0, "units": "KES"})
    refused = await send(
        world, "deductBalance", "e", 409, amount={"amount": 900, "units": "MB"}, product=product, usageType="data"
    )
    assert refused["code"] == "bucket.no_price"
    await send(world, "deductBalance", "f", 400, amount=MB, product=product)


WRONG: list[tuple[str, dict[str, Any], int]] = [
    ("topupBalance", {"amount": {"amount": 1.234, "units": "KES"}, "partyAccount": of("10000017")}, 400),
    ("topupBalance", {"amount": {"amount": -1, "units": "KES"}, "partyAccount": of("10000017")}, 400),
    ("topupBalance", {"amount": {"amount": 0, "units": "MB"}, "partyAccount": of("10000017")}, 400),
    ("topupBalance", {"amount": {"amount": 1, "units": "furlong"}, "partyAccount": of("10000017")}, 400),
    ("topupBalance", {"amount": MB, "partyAccount": of("nobody")}, 404),
    ("topupBalance", {"amount": MB, "bucket": {"id": "77"}}, 404),
    ("topupBalance", {"amount": MB, "product": [{"id": "x"}]}, 400),
    ("topupBalance", {"partyAccount": of("10000017")}, 400),
    ("reserveBalance", {"amount": MB, "partyAccount": of("10000017")}, 409),
    ("deductBalance", {"amount": MB, "reserveBalance": {"id": "77"}}, 404),
    ("deductBalance", {"amount": MB, "product": [{"id": "77"}]}, 404),
    ("unreserveBalance", {"reserveBalance": {"id": "77"}}, 404),
]


@pytest.mark.parametrize(("path", "body", "status"), WRONG)
async def test_what_cannot_be_is_refused_in_words(world: World, path: str, body: dict[str, Any], status: int) -> None:
    told = await send(world, path, "k", status, **body)
    assert told["reason"]
    assert await buckets(world) == []


async def test_a_key_is_needed_and_the_role_and_the_branch_decide(world: World) -> None:
    body = {"amount": MB, "partyAccount": of("10000025")}
    answer = await world.send("POST", f"{BASE}/topupBalance", json=body)
    assert answer.status == 400
    async with world.app.db.writing() as conn:
        network = await keys.create_key(conn, world.app, "network", branch="nakuru")
        viewer = await keys.create_key(conn, world.app, "viewer")
    await send(world, "topupBalance", "a", 404, network, **body)
    await send(world, "topupBalance", "a", 403, viewer, **body)
    await send(world, "topupBalance", "a", 201, network, amount=MB, partyAccount=of("10000017"))
    assert len(await buckets(world)) == 1


@pytest.mark.parametrize(
    "amount", ["1e3", "1_000", "1,000", "12,50", " 5", "٣", "0x10", "KES 5", "", "NaN", "5.", "1" * 70]
)
async def test_an_api_takes_amounts_as_machines_write_them(world: World, amount: str) -> None:
    told = {"amount": {"amount": amount, "units": "KES"}, "partyAccount": of("10000017")}
    await send(world, "topupBalance", "a", 400, **told)
    answer = await world.send(
        "POST",
        f"{BASE}/topupBalance",
        data='{"amount": {"amount": 1e3, "units": "KES"}, "partyAccount": {"name": "10000017"}}',
        headers={"Idempotency-Key": "b", "Content-Type": "application/json"},
    )
    assert answer.status == 400
    assert await buckets(world) == []
    await send(world, "topupBalance", "c", **(told | {"amount": {"amount": "1000.50", "units": "KES"}}))
    [purse] = await buckets(world)
    assert purse["remainingValue"]["amount"] == 1000.5
