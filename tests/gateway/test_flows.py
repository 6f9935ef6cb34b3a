"""Each conversation from the first dial to what it leaves behind, through the real routes and the real core."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from core.billing.tables import invoice, invoice_line
from core.care import outages
from core.care.tables import dispute, ticket
from core.context import App
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.ledger.tables import open_item
from core.onboarding.model import Registered
from core.outbox.queue import outbox
from core.payments.tables import attempt, payment_request
from core.rewards import earn
from core.rewards.model import PaidBill
from core.rewards.tables import redemption
from tests.gateway.talking import WANJIKU, Phone, a_customer, counter

TOTAL = 1_234_50


async def a_bill(app: App, account_id: int, *, number: str = "INV-1", total: int = TOTAL) -> int:
    """A final bill of two lines, due in five days, with its postings."""
    take = app.ids.take
    async with app.db.writing() as conn:
        invoice_id = take()
        await conn.execute(
            insert(invoice).values(
                id=invoice_id,
                account_id=account_id,
                series="bill",
                from_date=date(2026, 2, 1),
                to_date=date(2026, 3, 1),
                revision=0,
                state="final",
                number=number,
                token=f"tokentokentoken{invoice_id}",
                currency="KES",
                total_minor=total,
                tax_minor=0,
                rounding_minor=0,
                reward_minor=0,
                estimated=False,
                issued_on=date(2026, 3, 1),
                due_on=date(2026, 3, 15),
                before_minor=0,
                facts={"name": "Wanjiku Kamau", "number": "1001", "services": {}, "estimated": {}},
                finalised_at=app.clock.now(),
            )
        )
        for position, (code, minor) in enumerate([("consumption", total - 234_50), ("fuel", 234_50)]):
            await conn.execute(
                insert(invoice_line).values(
                    invoice_id=invoice_id,
                    position=position,
                    service_id=1,
                    code=code,
                    label={"en": code.title(), "sw": f"{code} (sw)"},
                    amount_minor=minor,
                    kind="charge",
                    booked_on=date(2026, 3, 1),
                )
            )
        await conn.execute(
            insert(open_item).values(
                invoice_id=invoice_id,
                account_id=account_id,
                due_on=date(2026, 3, 15),
                total_minor=total,
                open_minor=total,
                disputed_minor=0,
            )
        )
        posting = Posting(Book("revenue"), Book("receivable", account_id), total, "KES", "bill")
        await post(
            conn, app, key=f"invoice:{invoice_id}", kind="invoice", booked_on=date(2026, 3, 1), postings=[posting]
        )
    return invoice_id


async def rows(app: App, table: Any) -> list[Any]:
    async with app.db.reading() as conn:
        return list(await conn.execute(select(table)))


@pytest.fixture
async def customer(app: App) -> Registered:
    return await a_customer(app)


@pytest.fixture
async def phone(app: App, customer: Registered, tmp_path: Path) -> AsyncIterator[Phone]:
    async with counter(app, tmp_path) as client:
        yield Phone(client)


async def test_what_she_owes_and_by_when_stands_on_the_first_line(app: App, customer: Registered, phone: Phone) -> None:
    await a_bill(app, customer.account_id)
    assert (await phone.dial()).startswith("CON Mwangaza Power\nYou owe KES 1,234.50, due 15 Mar\n1. Balance")
    balance = await phone.answer("1")
    assert balance.startswith(
        "CON Account 1001\nYou owe KES 1,234.50, due 15 Mar (as of 10 Mar 12:00)\nPoints: 0 (as of"
    )


async def test_she_pays_from_her_phone_in_three_answers(app: App, customer: Registered, phone: Phone) -> None:
    await a_bill(app, customer.account_id)
    await phone.dial()
    assert "Pay KES 1,234.50 from +254712345678?" in await phone.answer("3", "1")
    done = await phone.answer("1")
    assert done == "END Thank you. In a moment your phone asks you to approve KES 1,234.50."
    assert await phone.again() == done
    [asked] = await rows(app, attempt)
    assert (asked.amount_minor, asked.phone, asked.account_id) == (TOTAL, WANJIKU, customer.account_id)
    assert [row.kind for row in await rows(app, outbox)] == ["push"]


async def test_a_second_push_while_one_is_live_is_led_to_the_link(app: App, customer: Registered, phone: Phone) -> None:
    await a_bill(app, customer.account_id)
    await phone.dial(ahead="3*1")
    await phone.answer("1")
    await phone.dial("s2", ahead="3*1")
    assert "already on its way" in await phone.answer("1")
    assert "We send a link to pay KES 1,234.50" in await phone.answer("1")
    assert "by SMS" in await phone.answer("1")
    assert len(await rows(app, attempt)) == 1
    [link] = [row for row in await rows(app, payment_request) if row.kind == "paylink"]
    [sms] = [row for row in await rows(app, outbox) if row.kind == "reply"]
    assert f"/p/{link.token}" in sms.params["text"]
    assert "KES 1,234.50" in sms.params["text"]


async def test_another_amount_is_asked_for_and_read_back(app: App, customer: Registered, phone: Phone) -> None:
    await a_bill(app, customer.account_id)
    await phone.dial(ahead="3*3")
    assert "Please write digits" in await phone.answer("lots")
    assert "The least is KES 1." in await phone.answer("0.5")
    assert "Pay KES 500:" in await phone.answer("500")
    assert "Pay KES 500 from" in await phone.answer("1")
    await phone.answer("1")
    [asked] = await rows(app, attempt)
    assert asked.amount_minor == 500_00


async def test_pay_with_an_amount_by_sms_comes_straight_to_the_ways(
    app: App, customer: Registered, phone: Phone
) -> None:
    await a_bill(app, customer.account_id)
    for at, text in enumerate(["PAY 500", "1", "1"]):
        form = {"from": WANJIKU, "id": f"m{at}", "text": text, "to": "40400", "date": "2026-03-10 09:00:00"}
        answer = await phone.client.post("/hooks/africastalking/test-hook-secret/sms", data=form)
        assert answer.status == 200
    replies = [row.params["text"] for row in await rows(app, outbox) if row.kind == "reply"]
    assert replies[0].startswith("Pay KES 500:\n1. From this phone")
    assert replies[2].startswith("Thank you. In a moment your phone asks you to approve KES 500.")


async def test_she_reads_her_bill_and_has_its_link_sent(app: App, customer: Registered, phone: Phone) -> None:
    invoice_id = await a_bill(app, customer.account_id)
    await phone.dial()
    assert "1. 28 Feb: KES 1,234.50" in await phone.answer("2")
    bill = await phone.answer("1")
    assert "INV-1" in bill
    assert "KES 1,234.50" in bill
    screens = [bill]
    while "98. More" in screens[-1]:
        screens.append(await phone.answer("98"))
    assert "on its way to you by SMS" in await phone.answer("3")
    [sms] = await rows(app, outbox)
    assert f"/b/tokentokentoken{invoice_id}" in sms.params["text"]


async def test_a_line_that_is_wrong_is_disputed_and_its_amount_is_frozen(
    app: App, customer: Registered, phone: Phone
) -> None:
    await a_bill(app, customer.account_id)
    await phone.dial(ahead="2*1*1*2*1")
    assert "We look into Fuel, KES 234.50." in phone.screen
    assert not await rows(app, dispute)
    told = await phone.answer("1")
    [frozen] = await rows(app, dispute)
    assert frozen.amount_minor == 234_50
    [opened] = await rows(app, ticket)
    assert opened.reference in told
    assert "You owe KES 1,000, due 15 Mar" in await phone.answer("00")


async def test_a_fault_at_the_place_on_file_is_three_answers_away(app: App, customer: Registered, phone: Phone) -> None:
    await phone.dial()
    assert "What is wrong?\n1. No supply" in await phone.answer("4")
    assert "No supply, at 12 Moi Road. Shall we report it?" in await phone.answer("1")
    told = await phone.answer("1")
    [opened] = await rows(app, ticket)
    assert (opened.kind, opened.account_id) == ("no_supply", customer.account_id)
    assert opened.reference in told
    assert f"1. {opened.reference}: being worked on" in await phone.answer("1")
    assert "Reported 10 Mar 12:00" in await phone.answer("1")


async def test_a_known_outage_is_told_first(app: App, customer: Registered, phone: Phone) -> None:
    async with app.db.writing() as conn:
        await outages.begin(
            conn,
            app,
            commodity="electricity",
            area="Milimani",
            cause="A fallen tree",
            actor="clerk",
            expected_until=app.clock.now() + timedelta(hours=2),
        )
    await phone.dial()
    told = await phone.answer("4")
    assert told.startswith(
        "CON We know: A fallen tree in Milimani since 10 Mar 12:00. We expect it to be over by 10 Mar 14:00."
    )
    assert not await rows(app, ticket)
    await phone.answer("1", "3", "1")
    [opened] = await rows(app, ticket)
    assert opened.kind == "danger"


async def test_a_stranger_may_report_a_fault_in_her_own_words(app: App, tmp_path: Path) -> None:
    async with counter(app, tmp_path) as client:
        phone = Phone(client, "+254700000001")
        await phone.dial(ahead="3")
        assert "What is wrong?" in await phone.answer("Moi Road * by the market")
        await phone.answer("3")
        assert "Your reference:" in await phone.answer("1")
    [opened] = await rows(app, ticket)
    assert (opened.kind, opened.description, opened.account_id) == ("danger", "Moi Road * by the market", None)


async def test_points_buy_kwh_and_airtime_with_a_yes(app: App, customer: Registered, phone: Phone) -> None:
    async with app.db.writing() as conn:
        paid = PaidBill(1, 100_00 * 100, "KES", date(2026, 3, 1), date(2026, 3, 15))
        await earn.for_paid_bills(conn, app, customer.account_id, [paid])
    await phone.dial()
    assert "You have 100 points." in await phone.answer("5")
    assert "2 kWh for 40 points?" in await phone.answer("1", "2")
    assert "Points left: 60" in await phone.answer("1")
    await phone.dial("s2", ahead="5*2*1")
    assert "KES 10 airtime to +254712345678 for 10 points?" in phone.screen
    assert "on its way to +254712345678" in await phone.answer("1")
    spent = await rows(app, redemption)
    assert sorted((one.kind, one.points) for one in spent) == [("airtime", 10), ("kwh", 40)]


async def test_what_core_refuses_is_told_in_its_own_words_in_her_language(
    app: App, customer: Registered, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import Refused

    async def refuses(*_given: Any, **_named: Any) -> Any:
        raise Refused("payments.minimum", amount="KES 50")

    await a_bill(app, customer.account_id)
    monkeypatch.setattr("dialogs.counter.pay.pushes.ask", refuses)
    await phone.dial(ahead="3*1")
    assert (await phone.answer("1")).startswith(f"CON {Refused('payments.minimum', amount='KES 50').sentence('en')}")
    assert (await phone.answer("0")).startswith("CON Mwangaza Power")
