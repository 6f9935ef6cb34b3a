"""What follows from money: bills paid, thanks once, points for paying on time, and all of it undone when the money goes back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.context import App
from core.journeys import payment_failed
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.payments import push, receive
from core.payments.facts import PaymentReceived, PaymentReversed
from core.payments.model import ReceiptIn
from core.payments.reverse import reverse
from core.rewards import points
from tests.core.payments.made import DUE, a_bill, an_account, opened

NOON = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


async def _take(app: App, minor: int, at: datetime = NOON, txn: str = "T1") -> int:
    async with app.db.writing() as conn:
        taken = await receive.apply(
            conn, app, ReceiptIn("daraja", txn, "mobile_inbound", minor, "KES", at, reference="ACC100")
        )
        await follow(conn, app, [PaymentReceived(taken.receipt_id)])
    return taken.receipt_id


async def _points(app: App, account_id: int) -> int:
    async with app.db.reading() as conn:
        return await points.balance(conn, account_id)


async def _keys(app: App) -> list[str]:
    async with app.db.reading() as conn:
        return list((await conn.execute(select(outbox.c.key).order_by(outbox.c.id))).scalars())


@pytest.mark.parametrize(("days", "earned"), [(0, 12), (1, 0)])
async def test_a_bill_paid_by_its_due_day_earns_points(app: App, days: int, earned: int) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 120_000)
    paid_at = datetime(DUE.year, DUE.month, DUE.day, 20, 30, tzinfo=UTC) + timedelta(days=days)
    receipt_id = await _take(app, 120_000, paid_at)
    assert (await _points(app, account_id), await _keys(app)) == (earned, [f"thanks:{receipt_id}"])


async def test_a_part_payment_is_thanked_but_earns_nothing_until_the_bill_is_paid(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 120_000)
    await _take(app, 50_000)
    assert await _points(app, account_id) == 0
    await _take(app, 70_000, txn="T2")
    assert (await _points(app, account_id), len(await _keys(app))) == (12, 2)


async def test_the_same_receipt_followed_twice_thanks_and_earns_once(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 120_000)
    receipt_id = await _take(app, 120_000)
    async with app.db.writing() as conn:
        await follow(conn, app, [PaymentReceived(receipt_id)])
    assert (await _points(app, account_id), len(await _keys(app)), await opened(app, bill)) == (12, 1, [0])


async def test_points_go_with_the_money_that_earned_them(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 120_000)
    receipt_id = await _take(app, 120_000)
    async with app.db.writing() as conn:
        assert await reverse(conn, app, receipt_id, key="R1", kind="chargeback", reason="fraud")
        await follow(conn, app, [PaymentReversed(receipt_id)])
    assert await _points(app, account_id) == 0


async def test_nothing_is_half_done_when_the_transaction_fails(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        bill = await a_bill(conn, app, account_id, 120_000)
    with pytest.raises(RuntimeError, match="the lights went out"):
        async with app.db.writing() as conn:
            got = ReceiptIn("daraja", "T1", "mobile_inbound", 120_000, "KES", NOON, reference="ACC100")
            taken = await receive.apply(conn, app, got)
            await follow(conn, app, [PaymentReceived(taken.receipt_id)])
            raise RuntimeError("the lights went out")
    assert (await opened(app, bill), await _points(app, account_id), await _keys(app)) == ([120_000], 0, [])


async def test_a_failure_is_told_once_and_not_when_nothing_is_open(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        attempt_id = await push.ask(conn, app, account_id, "+254700000001", 50_000, "k")
        await payment_failed.failed(conn, app, attempt_id)
    assert await _keys(app) == [f"push:{attempt_id}"]
    async with app.db.writing() as conn:
        await a_bill(conn, app, account_id, 120_000)
        await payment_failed.failed(conn, app, attempt_id)
        await payment_failed.failed(conn, app, attempt_id)
    assert await _keys(app) == [f"push:{attempt_id}", f"failed:{attempt_id}"]
