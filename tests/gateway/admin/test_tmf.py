"""The ops API as TM Forum writes it: paging, filters, projection, exact money, branches, refusals in words."""

from typing import Any

import pytest

from core.access import keys
from gateway.admin.tmf import account, communication, customer, customer_bill, payment
from tests.gateway.conftest import World

BILLS = "/tmf-api/customerBillManagement/v4/customerBill"
RATES = "/tmf-api/customerBillManagement/v4/appliedCustomerBillingRate"
PAYMENTS = "/tmf-api/paymentManagement/v4/payment"
LISTS = [
    served.path
    for served in (
        customer_bill.BILL,
        customer_bill.RATE,
        payment.PAYMENT,
        account.ACCOUNT,
        customer.CUSTOMER,
        communication.MESSAGE,
    )
]


async def ask(world: World, path: str, **query: str) -> Any:
    answer = await world.get(path, params=query)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_a_bill_has_the_standard_shape_and_exact_money(world: World) -> None:
    answer = await world.get(f"{BILLS}/{world.nakuru.invoice_id}")
    bill = await answer.json()
    assert '"value":1285.55' in await answer.text()
    assert bill["id"] == str(world.nakuru.invoice_id)
    assert bill["href"] == f"{BILLS}/{world.nakuru.invoice_id}"
    assert bill["state"] == "partiallyPaid"
    assert bill["taxIncludedAmount"] == {"unit": "KES", "value": 1285.55}
    assert bill["taxExcludedAmount"] == {"unit": "KES", "value": 1108.23}
    assert bill["remainingAmount"] == {"unit": "KES", "value": 1000.00}
    assert bill["paymentDueDate"] == "2026-03-14T21:00:00Z"
    assert bill["billingAccount"]["name"] == "10000017"
    assert bill["billDocument"][1]["href"].endswith(f"/b/{world.nakuru.token}.pdf")


async def test_an_account_number_may_be_what_is_filtered_by(world: World) -> None:
    bills = await ask(world, BILLS, **{"billingAccount.name": "10000025"})
    assert [bill["id"] for bill in bills] == [str(world.kisumu.invoice_id)]


CHOSEN: list[tuple[dict[str, str], int]] = [
    ({"state": "settled"}, 1), ({"state": "settled,partiallyPaid"}, 2), ({"state": "sent"}, 0),
    ({"billDate.gte": "2026-03-01T00:00:00Z"}, 2), ({"billDate.lt": "2026-03-01"}, 0),
    ({"billDate.gt": "2026-03-01T00:00:00+03:00"}, 2), ({"paymentDueDate": "2026-03-15"}, 2),
]  # fmt: skip


async def test_filters_choose_by_value_and_by_comparison(world: World) -> None:
    for query, count in CHOSEN:
        assert len(await ask(world, BILLS, **query)) == count, query


async def test_a_page_says_how_many_there_are_and_how_many_it_shows(world: World) -> None:
    answer = await world.get(BILLS, params={"limit": "1", "offset": "1"})
    assert (answer.headers["X-Total-Count"], answer.headers["X-Result-Count"]) == ("2", "1")
    first = await ask(world, BILLS, limit="1")
    assert first[0]["id"] != (await answer.json())[0]["id"]


async def test_fields_project_and_always_bring_id_and_href(world: World) -> None:
    bills = await ask(world, BILLS, fields="billNo, state")
    assert {name for bill in bills for name in bill} == {"id", "href", "billNo", "state"}


async def test_the_lines_of_a_bill_add_up_to_the_bill(world: World) -> None:
    lines = await ask(world, RATES, **{"bill.id": str(world.nakuru.invoice_id)})
    assert [line["name"] for line in lines] == ["Consumption", "Vat"]
    assert lines[0]["quantity"] == 42.5
    assert round(sum(line["taxExcludedAmount"]["value"] for line in lines) * 100) == 128_555
    assert await ask(world, lines[0]["href"]) == lines[0]


async def test_a_payment_names_what_it_paid(world: World) -> None:
    paid = await ask(world, f"{PAYMENTS}/{world.nakuru.receipt_id}")
    assert paid["status"] == "done"
    assert paid["correlatorId"] == "TXN10000017"
    assert paid["paymentItem"][0]["amount"] == {"unit": "KES", "value": 285.55}
    assert paid["paymentItem"][0]["item"]["id"] == str(world.nakuru.invoice_id)


async def test_an_account_says_what_it_owes_and_when_it_closes(world: World) -> None:
    [found] = await ask(world, account.ACCOUNT.path, name="10000017")
    assert found["accountBalance"][0]["amount"] == {"unit": "KES", "value": 1000.00}
    assert (found["billStructure"]["billingDay"], found["branch"], found["state"]) == (1, "nakuru", "active")
    assert found["relatedParty"][0]["name"] == "Wanjiru Kamau"


async def test_a_customer_names_their_accounts_and_hides_the_middle_of_their_phone(world: World) -> None:
    [found] = await ask(world, customer.CUSTOMER.path, **{"account.name": "10000017"})
    assert found["account"][0]["id"] == str(world.nakuru.account_id)
    assert found["contactMedium"] == [{"mediumType": "phone", "phoneNumber": "+2547*****017"}]
    assert found["status"] == "active"


async def test_a_message_says_what_became_of_it(world: World) -> None:
    [found] = await ask(world, communication.MESSAGE.path, **{"account.name": "10000017"})
    assert (found["content"], found["direction"], found["state"], found["messageType"]) == (
        "BAL",
        "in",
        "received",
        "sms",
    )
    assert "10000017" not in found["receiver"][0]["phoneNumber"]


@pytest.mark.parametrize("path", LISTS)
async def test_without_a_key_or_with_a_wrong_one_there_is_no_answer(world: World, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {world.admin_key}"}):
        answer = await world.client.get(path, headers=headers)
        assert answer.status == 401
        assert (await answer.json())["code"] == "unauthorized"


async def test_a_role_without_the_permission_is_refused(world: World) -> None:
    async with world.app.db.writing() as conn:
        key = await keys.create_key(conn, world.app, "marketing")
    answer = await world.get(BILLS, key)
    assert answer.status == 403


@pytest.mark.parametrize("path", LISTS)
async def test_a_branch_key_lists_only_its_own(world: World, path: str) -> None:
    everything = await (await world.get(path)).json()
    own = await (await world.get(path, world.nakuru_key)).json()
    assert 0 < len(own) < len(everything)


@pytest.mark.parametrize("path", LISTS)
async def test_a_branch_key_cannot_tell_a_foreign_id_from_none(world: World, path: str) -> None:
    own = {row["id"] for row in await (await world.get(path, world.nakuru_key)).json()}
    for row in await (await world.get(path)).json():
        answer = await world.get(f"{path}/{row['id']}", world.nakuru_key)
        assert answer.status == (200 if row["id"] in own else 404)


ODD = [
    "0",
    "-1",
    "abc",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 400,
    "%F0%9F%98%80",
    "%00",
    "1%2F2",
    "1-",
    "-",
    "1-99999",
]


@pytest.mark.parametrize("path", LISTS)
async def test_an_odd_id_is_not_found_and_never_a_bug(world: World, path: str) -> None:
    for odd in ODD:
        answer = await world.get(f"{path}/{odd}")
        assert answer.status in (400, 404), odd
        assert set(await answer.json()) == {"code", "reason"}


ODD_QUESTIONS = [
    "limit=-1", "limit=x", "limit=1e3", "offset=99999999999999999999", "nonsense=1", "state.gt=a,b", "id=x",
    "billDate=yesterday", "billDate=9999-12-31T23:59:59-23:59", "billDate.gte=0001-01-01T00:00:00%2B23:00", "a=%00",
    "paymentDueDate=2026-02-30", "id=" + ",".join("1" * 60), "limit=١", "&".join(f"x{n}=1" for n in range(30)),
]  # fmt: skip


async def test_an_odd_question_is_refused_in_words_and_never_a_bug(world: World) -> None:
    for query in ODD_QUESTIONS:
        answer = await world.get(f"{BILLS}?{query}")
        assert answer.status == 400, query
        assert (await answer.json())["reason"]


@pytest.mark.parametrize("path", ["/tmf-api/customerBillManagement/v4/nothing", "/tmf-api/"])
async def test_an_address_that_does_not_exist_is_told_in_json(world: World, path: str) -> None:
    answer = await world.get(path)
    assert answer.status == 404
    assert (await answer.json())["code"] == "notFound"


async def test_a_bill_cannot_be_written(world: World) -> None:
    for method in ("POST", "DELETE", "PUT"):
        answer = await world.send(method, BILLS, json={})
        assert answer.status == 405
        assert (await answer.json())["code"] == "methodNotAllowed"
