"""Money arriving: once, on the right account, on the right bills; credit, claims and reversals."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import SetClock
from core.context import House
from core.errors import Refused
from core.journeys import money_received
from core.journeys.payment_doors import FOLLOW
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.payments import allocate, receive
from core.payments.model import ReceiptIn, Taken
from core.payments.reverse import reverse
from tests.core.payments.made import a_bill, an_account, cash, opened, owed, proven, receipts

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def money(txn: str = "T1", minor: int = 500, reference: str = "ACC100", **more: Any) -> ReceiptIn:
    return ReceiptIn("daraja", txn, "mobile_inbound", minor, "KES", NOW, reference=reference, **more)


async def take(house: House, got: ReceiptIn) -> Taken:
    async with house.db.writing() as conn:
        taken = await receive.apply(conn, house, got)
        if taken.placed_now:
            await FOLLOW.received(conn, house, taken.receipt_id)
    return taken


async def thanked(house: House) -> list[str]:
    async with house.db.reading() as conn:
        query = select(outbox.c.key).where(outbox.c.template == "notice.thanks")
        return list((await conn.execute(query.order_by(outbox.c.id))).scalars())


async def test_money_pays_the_oldest_bill_first_and_what_is_over_is_credit(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        younger = await a_bill(conn, house, account_id, 300, due_on=NOW.date() + timedelta(30))
        older = await a_bill(conn, house, account_id, 200)
    await take(house, money(minor=250))
    assert await opened(house, older, younger) == [0, 250]
    await take(house, money("T2", minor=400))
    assert (await opened(house, older, younger), await owed(house, account_id)) == ([0, 0], -150)
    await proven(house)


async def test_the_same_number_twenty_times_at_once_is_one_receipt_and_one_thanks(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        bill = await a_bill(conn, house, account_id, 500)
    told = await asyncio.gather(*(take(house, money()) for _ in range(20)))
    assert len({taken.receipt_id for taken in told}) == 1
    assert (await opened(house, bill), await cash(house, "daraja")) == ([0], 500)
    assert await thanked(house) == [f"thanks:{told[0].receipt_id}"]


async def test_payments_to_one_account_at_once_all_count(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        bills = [await a_bill(conn, house, account_id, 100) for _ in range(5)]
    await asyncio.gather(*(take(house, money(f"T{number}", 70)) for number in range(10)))
    assert (await opened(house, *bills), await owed(house, account_id)) == ([0] * 5, -200)
    await proven(house)


async def test_a_disputed_amount_is_never_paid_by_stealth(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        bill = await a_bill(conn, house, account_id, 500, disputed=200)
    await take(house, money(minor=500))
    assert (await opened(house, bill), await owed(house, account_id)) == ([200], 0)
    await proven(house)


async def test_a_number_nobody_has_goes_to_suspense_until_the_payer_names_it(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        bill = await a_bill(conn, house, account_id, 500)
    await take(house, money("RKTQDM7W6S", reference="ACC1OO"))
    assert (await receipts(house), await thanked(house)) == ([("RKTQDM7W6S", 500, "suspense")], [])
    async with house.db.writing() as conn:
        receipt_id = await money_received.claimed(conn, house, account_id, " rktqdm7w6s ", "customer:1")
    assert (await opened(house, bill), await owed(house, account_id)) == ([0], 0)
    assert await thanked(house) == [f"thanks:{receipt_id}"]
    with pytest.raises(Refused, match=r"payments\.claim\.none"):
        async with house.db.writing() as conn:
            await money_received.claimed(conn, house, account_id, "RKTQDM7W6S", "customer:1")
    await proven(house)


async def test_money_of_another_currency_waits_in_suspense(house: House) -> None:
    async with house.db.writing() as conn:
        await an_account(conn, house, currency="UGX")
    await take(house, money())
    assert await receipts(house) == [("T1", 500, "suspense")]


async def test_credit_pays_the_next_bill(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        other = await an_account(conn, house, "ACC200")
    await take(house, money("T1", 100))
    await take(house, money("T2", 250))
    async with house.db.writing() as conn:
        bill = await a_bill(conn, house, account_id, 300)
        unpaid = await a_bill(conn, house, other, 300)
        assert await allocate.apply_credit(conn, house, [bill, unpaid]) == {bill.invoice_id: 300}
    async with house.db.writing() as conn:
        second = await a_bill(conn, house, account_id, 300)
        assert await allocate.apply_credit(conn, house, [second]) == {second.invoice_id: 50}
    assert await opened(house, bill, unpaid, second) == [0, 300, 250]
    await proven(house)


async def test_a_reversal_reopens_exactly_its_own_bills_even_those_paid_by_its_credit(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        first = await a_bill(conn, house, account_id, 200)
    taken = await take(house, money("T1", 300))
    async with house.db.writing() as conn:
        second = await a_bill(conn, house, account_id, 150)
        await allocate.apply_credit(conn, house, [second])
    await take(house, money("T2", 50))
    assert await opened(house, first, second) == [0, 0]
    for again in (True, False):
        async with house.db.writing() as conn:
            done = await reverse(conn, house, taken.receipt_id, key="sandbox:R1", kind="chargeback", reason="fraud")
            assert done is again
    assert (await opened(house, first, second), await owed(house, account_id)) == ([200, 100], 300)
    assert await receipts(house) == [("T1", 300, "reversed"), ("T2", 50, "placed")]
    await proven(house)


async def test_a_closed_bill_says_when_it_was_settled_and_forgets_it_when_reopened(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        await a_bill(conn, house, account_id, 500)
    taken = await take(house, money())
    async with house.db.writing() as conn:
        assert (await conn.execute(select(open_item.c.settled_on))).scalar_one() == house.today()
        await reverse(conn, house, taken.receipt_id, key="k", kind="refund", reason="asked")
        assert (await conn.execute(select(open_item.c.settled_on))).scalar_one() is None


async def test_a_bill_and_its_money_at_the_same_moment_never_miss_each_other(house: House, clock: SetClock) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)

    async def billed() -> None:
        async with house.db.writing() as conn:
            bill = await a_bill(conn, house, account_id, 500)
            await allocate.apply_credit(conn, house, [bill])

    for number in range(6):
        await asyncio.gather(billed(), take(house, money(f"T{number}")))
    async with house.db.reading() as conn:
        assert (await conn.execute(select(open_item.c.open_minor))).scalars().all() == [0] * 6
    await proven(house)


async def test_a_payment_on_a_closed_bill_is_credit(house: House) -> None:
    async with house.db.writing() as conn:
        account_id = await an_account(conn, house)
        bill = await a_bill(conn, house, account_id, 500)
        await conn.execute(update(open_item).values(open_minor=0))
    await take(house, money())
    assert await opened(house, bill) == [0]
