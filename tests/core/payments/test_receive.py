"""Money arriving: once, on the right account, on the right bills; credit, claims and reversals."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import SetClock
from core.context import App
from core.errors import Refused
from core.journeys import money_received
from core.journeys.follow import follow
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.payments import allocate, receive
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn, ReceiptTaken
from core.payments.reverse import reverse
from tests.core.payments.made import a_bill, an_account, cash, opened, owed, proven, receipts

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def money(txn: str = "T1", minor: int = 500, reference: str = "ACC100", **more: Any) -> ReceiptIn:
    return ReceiptIn("daraja", txn, "mobile_inbound", minor, "KES", NOW, reference=reference, **more)


async def take(app: App, got: ReceiptIn) -> ReceiptTaken:
    async with app.db.writing() as conn:
        taken = await receive.apply(conn, app, got)
        if taken.placed_now:
            await follow(conn, app, [PaymentReceived(taken.receipt_id)])
    return taken


async def thanked(app: App) -> list[str]:
    async with app.db.reading() as conn:
        query = select(outbox.c.key).where(outbox.c.template == "notice.thanks")
        return list((await conn.execute(query.order_by(outbox.c.id))).scalars())


async def test_money_pays_the_oldest_bill_first_and_what_is_over_is_credit(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        younger = await a_bill(conn, app, account_id, 300, due_on=NOW.date() + timedelta(30))
        older = await a_bill(conn, app, account_id, 200)
    await take(app, money(minor=250))
    assert await opened(app, older, younger) == [0, 250]
    await take(app, money("T2", minor=400))
    assert (await opened(app, older, younger), await owed(app, account_id)) == ([0, 0], -150)
    await proven(app)


async def test_the_same_number_twenty_times_at_once_is_one_receipt_and_one_thanks(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 500)
    told = await asyncio.gather(*(take(app, money()) for _ in range(20)))
    assert len({taken.receipt_id for taken in told}) == 1
    assert (await opened(app, bill), await cash(app, "daraja")) == ([0], 500)
    assert await thanked(app) == [f"thanks:{told[0].receipt_id}"]


async def test_payments_to_one_account_at_once_all_count(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bills = [await a_bill(conn, app, account_id, 100) for _ in range(5)]
    await asyncio.gather(*(take(app, money(f"T{number}", 70)) for number in range(10)))
    assert (await opened(app, *bills), await owed(app, account_id)) == ([0] * 5, -200)
    await proven(app)


async def test_a_disputed_amount_is_never_paid_by_stealth(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 500, disputed=200)
    await take(app, money(minor=500))
    assert (await opened(app, bill), await owed(app, account_id)) == ([200], 0)
    await proven(app)


async def test_a_number_nobody_has_goes_to_suspense_until_the_payer_names_it(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 500)
    await take(app, money("RKTQDM7W6S", reference="ACC1OO"))
    assert (await receipts(app), await thanked(app)) == ([("RKTQDM7W6S", 500, "suspense")], [])
    async with app.db.writing() as conn:
        receipt_id = await money_received.claimed(conn, app, account_id, " rktqdm7w6s ", "customer:1")
    assert (await opened(app, bill), await owed(app, account_id)) == ([0], 0)
    assert await thanked(app) == [f"thanks:{receipt_id}"]
    with pytest.raises(Refused, match=r"payments\.claim\.none"):
        async with app.db.writing() as conn:
            await money_received.claimed(conn, app, account_id, "RKTQDM7W6S", "customer:1")
    await proven(app)


async def test_money_of_another_currency_waits_in_suspense(app: App) -> None:
    async with app.db.writing() as conn:
        await an_account(conn, app, currency="UGX")
    await take(app, money())
    assert await receipts(app) == [("T1", 500, "suspense")]


async def test_credit_pays_the_next_bill(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        other = await an_account(conn, app, "ACC200")
    await take(app, money("T1", 100))
    await take(app, money("T2", 250))
    async with app.db.writing() as conn:
        bill = await a_bill(conn, app, account_id, 300)
        unpaid = await a_bill(conn, app, other, 300)
        assert await allocate.apply_credit(conn, app, [bill, unpaid]) == {bill.invoice_id: 300}
    async with app.db.writing() as conn:
        second = await a_bill(conn, app, account_id, 300)
        assert await allocate.apply_credit(conn, app, [second]) == {second.invoice_id: 50}
    assert await opened(app, bill, unpaid, second) == [0, 300, 250]
    await proven(app)


async def test_a_reversal_reopens_exactly_its_own_bills_even_those_paid_by_its_credit(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        first = await a_bill(conn, app, account_id, 200)
    taken = await take(app, money("T1", 300))
    async with app.db.writing() as conn:
        second = await a_bill(conn, app, account_id, 150)
        await allocate.apply_credit(conn, app, [second])
    await take(app, money("T2", 50))
    assert await opened(app, first, second) == [0, 0]
    for again in (True, False):
        async with app.db.writing() as conn:
            done = await reverse(conn, app, taken.receipt_id, key="sandbox:R1", kind="chargeback", reason="fraud")
            assert done is again
    assert (await opened(app, first, second), await owed(app, account_id)) == ([200, 100], 300)
    assert await receipts(app) == [("T1", 300, "reversed"), ("T2", 50, "placed")]
    await proven(app)


async def test_a_closed_bill_says_when_it_was_settled_and_forgets_it_when_reopened(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 500)
    taken = await take(app, money())
    async with app.db.writing() as conn:
        assert (await conn.execute(select(open_item.c.settled_on))).scalar_one() == app.today()
        await reverse(conn, app, taken.receipt_id, key="k", kind="refund", reason="asked")
        assert (await conn.execute(select(open_item.c.settled_on))).scalar_one() is None


async def test_a_bill_and_its_money_at_the_same_moment_never_miss_each_other(app: App, clock: SetClock) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)

    async def billed() -> None:
        async with app.db.writing() as conn:
            bill = await a_bill(conn, app, account_id, 500)
            await allocate.apply_credit(conn, app, [bill])

    for number in range(6):
        await asyncio.gather(billed(), take(app, money(f"T{number}")))
    async with app.db.reading() as conn:
        assert (await conn.execute(select(open_item.c.open_minor))).scalars().all() == [0] * 6
    await proven(app)


async def test_a_payment_on_a_closed_bill_is_credit(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 500)
        await conn.execute(update(open_item).values(open_minor=0))
    await take(app, money())
    assert await opened(app, bill) == [0]
