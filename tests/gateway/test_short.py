"""Another amount than was asked for: what came is booked, and what is still due stays due; by the provider's own webhook."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.ledger.tables import journal
from core.payments import collect
from core.payments.tables import attempt, payment_request, receipt, refund
from tests.core.payments.made import DUE, attempts, cash, event_states, opened, owed, proven, receipts
from tests.core.payments.test_collect import _planned, states
from tests.gateway.pages.test_paylink import _linked, get, press
from tests.gateway.payments_at_work import Work, at_work
from tests.gateway.test_callbacks import inbound, tell
from tests.gateway.test_mpesa_back import give_back


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


async def _told(work: Work, event: str, minor: int, currency: str = "KES", txn: str | None = None) -> None:
    """The provider says that the last attempt brought so much."""
    async with work.app.db.reading() as conn:
        query = select(attempt.c.key, attempt.c.provider_ref).order_by(attempt.c.id.desc()).limit(1)
        key, ref = (await conn.execute(query)).one()
    said: dict[str, Any] = {
        "id": event,
        "type": "succeeded",
        "key": key,
        "payment": ref,
        "txn": txn or f"SB{event}",
        "method": "card",
        "amount_minor": minor,
        "currency": currency,
    }
    status, answer = await tell(work, said)
    assert status == 200, json.dumps(answer)


async def requests(app: App) -> list[tuple[str, str]]:
    async with app.db.reading() as conn:
        query = select(payment_request.c.kind, payment_request.c.state).order_by(payment_request.c.id)
        return [(row.kind, row.state) for row in await conn.execute(query)]


async def test_one_cent_of_12007_is_a_receipt_of_one_cent_and_the_link_asks_for_the_rest(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work, 12_007)
        await press(work, token)
        await _told(work, "evt_1", 1)
        assert (await receipts(app), await opened(app, bill)) == ([("SBevt_1", 1, "placed")], [12_006])
        assert (await requests(app), await attempts(app)) == ([("paylink", "open")], [("card", "succeeded", None)])
        status, page = await get(work, token)
        assert (status, "KES 120.06" in page) == (200, True)
        await press(work, token)
        await _told(work, "evt_2", 12_006)
        assert (await opened(app, bill), await requests(app)) == ([0], [("paylink", "paid")])
        await proven(app)


async def test_the_same_attempt_may_bring_the_rest(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work, 12_007)
        await press(work, token)
        for event, minor, state in (("evt_1", 7, "open"), ("evt_1", 7, "open"), ("evt_2", 12_000, "paid")):
            await _told(work, event, minor)
            assert await requests(app) == [("paylink", state)]
        assert await opened(app, bill) == [0]
        await proven(app)


async def test_more_than_was_asked_for_is_paid_and_what_is_over_is_credit(app: App) -> None:
    async with at_work(app) as work:
        bill, token = await _linked(work, 12_007)
        await press(work, token)
        await _told(work, "evt_1", 13_000)
        assert (await opened(app, bill), await owed(app, bill.account_id)) == ([0], -993)
        assert await requests(app) == [("paylink", "paid")]
        await proven(app)


async def test_money_of_another_currency_pays_nothing_of_it(single: App) -> None:
    async with at_work(single) as work:
        bill, token = await _linked(work, 12_007)
        await press(work, token)
        await _told(work, "evt_1", 12_007, "USD")
        assert (await opened(single, bill), await requests(single)) == ([12_007], [("paylink", "open")])
        async with single.db.reading() as conn:
            row = (await conn.execute(select(receipt.c.currency, receipt.c.state))).one()
        assert tuple(row) == ("USD", "suspense")


async def test_a_collection_that_brought_less_leaves_the_rest_due(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work, 12_007)
        work.sandbox.manners.behave({"answer": "dropped_after", "calls": 0})
        await collect.collect_due(work.app, DUE + timedelta(days=3))
        await _told(work, "evt_1", 1)
        assert (await opened(app, bill), await states(app)) == ([12_006], ["done"])
        assert await requests(app) == [("collection", "closed")]
        await proven(app)


async def test_a_refund_that_gave_less_leaves_the_rest_with_the_bills(single: App) -> None:
    async with at_work(single) as work:
        bill, _ = await _linked(work, 12_007)
        await tell(work, inbound("evt_0", 12_007))
        assert await opened(single, bill) == [0]
        work.sandbox.manners.behave({"answer": "dropped_after", "calls": 0})
        await give_back(work, 12_007)
        await _told(work, "evt_1", 7_000)
        async with single.db.reading() as conn:
            row = (await conn.execute(select(refund.c.state, refund.c.amount_minor))).one()
            assert await ledger.balance(conn, "refunds", 0, "KES") == 0
        assert (tuple(row), await opened(single, bill), await cash(single, "sandbox")) == (
            ("done", 7_000),
            [7_000],
            5_007,
        )
        await proven(single)


async def test_a_refund_that_gave_less_and_then_fails_puts_everything_back(single: App) -> None:
    async with at_work(single) as work:
        bill, _ = await _linked(work, 12_007)
        await tell(work, inbound("evt_0", 12_007))
        work.sandbox.manners.behave({"answer": "dropped_after", "calls": 0})
        await give_back(work, 12_007)
        await _told(work, "evt_1", 7_000)
        async with single.db.reading() as conn:
            key, ref = (await conn.execute(select(attempt.c.key, attempt.c.provider_ref))).one()
        await tell(work, {"id": "evt_2", "type": "failed", "key": key, "payment": ref, "reason": "closed"})
        assert (await opened(single, bill), await cash(single, "sandbox")) == ([0], 12_007)
        async with single.db.reading() as conn:
            assert await ledger.balance(conn, "refunds", 0, "KES") == 0
            assert len((await conn.execute(select(journal.c.id).where(journal.c.kind == "reversal"))).all()) == 3
        assert "failed" not in await event_states(single)
        await proven(single)
