"""Payments a cardholder's bank disputes: exactly their bills open again, a clerk sees until when evidence is taken, a win brings it back."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.overview.chargebacks import chargebacks
from core.payments import doors as payment_doors
from core.payments import redirect, request
from core.payments.chargebacks import forward
from core.payments.providers.stripe_payloads import DISPUTES
from core.payments.tables import chargeback
from tests.core.payments.made import Bill, a_bill, an_account, cash, opened, proven
from tests.gateway.tills_at_work import Work, tills_at_work


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.fixture
def both(db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, db, settings, follow)


async def paid_twice(work: Work, name: str) -> list[tuple[Bill, str]]:
    """Two bills of one account, each paid by a payment of its own: (bill, the provider's number of the payment)."""
    found, till = [], work.till(name)
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
    for number in (1, 2):
        async with work.app.db.writing() as conn:
            bill = await a_bill(conn, work.app, account_id, 100_000 * number)
            link = await request.paylink(conn, work.app, account_id, invoice_id=bill.invoice_id, key=f"k{number}")
        before = set(till.things)
        await redirect.start(work.app, link.token)
        pay: Any = till
        pay.pay(next(iter(set(till.things) - before)))
        await work.idle()
        found.append((bill, till.truth[-1].txn))
    return found


async def stands(app: App) -> list[tuple[str, datetime | None]]:
    async with app.db.reading() as conn:
        return [(row.state, row.due_at) for row in await conn.execute(select(chargeback))]


async def test_a_dispute_opens_exactly_its_bill_shows_when_it_is_due_and_winning_brings_it_back(both: App) -> None:
    async with tills_at_work(both, paylink="stripe") as work:
        [(first, txn), (second, _)] = await paid_twice(work, "stripe")
        assert await opened(both, first, second) == [0, 0]
        work.stripe.dispute(txn)
        await work.idle()
        due = datetime.fromtimestamp(work.stripe.now(), UTC) + timedelta(days=7)
        assert (await opened(both, first, second), await cash(both, "stripe")) == ([100_000, 0], 200_000)
        assert await stands(both) == [("open", due)]
        async with both.db.reading() as conn:
            [row] = await chargebacks(conn)
        assert (row.provider_txn, row.number, row.reason, row.due_at) == (txn, "ACC100", "fraudulent", due)
        await work.stripe.post(work.stripe.event("charge.dispute.updated", work.stripe.disputed(txn, "under_review")))
        assert (await stands(both))[0][0] == "answered"
        work.stripe.dispute(txn, won=True)
        await work.idle()
        assert (await opened(both, first, second), await cash(both, "stripe")) == ([0, 0], 300_000)
        assert (await stands(both))[0][0] == "won"
        await proven(both)


@pytest.mark.parametrize("seed", range(4))
async def test_its_events_twice_and_in_any_order_end_the_same(app: App, seed: int) -> None:
    async with tills_at_work(app, paylink="stripe") as work:
        [(first, txn), (second, _)] = await paid_twice(work, "stripe")
        thing = work.stripe.disputed
        told = [
            work.stripe.event("charge.dispute.created", thing(txn, "needs_response")),
            work.stripe.event("charge.dispute.funds_withdrawn", thing(txn, "needs_response")),
            work.stripe.event("charge.dispute.updated", thing(txn, "under_review")),
            work.stripe.event("charge.dispute.closed", thing(txn, "lost")),
        ] * 2
        random.Random(seed).shuffle(told)
        for said in told:
            await work.stripe.post(said)
        assert (await opened(app, first, second), await cash(app, "stripe")) == ([100_000, 0], 200_000)
        assert [state for state, _ in await stands(app)] == ["lost"]
        await proven(app)


@pytest.mark.parametrize(
    ("resolution", "state", "left", "money"),
    [("merchant-accepted", "lost", [100_000, 0], 200_000), ("declined", "won", [0, 0], 300_000)],
)
async def test_paystack_takes_the_money_only_of_a_dispute_that_is_lost(
    both: App, resolution: str, state: str, left: list[int], money: int
) -> None:
    async with tills_at_work(both, paylink="paystack") as work:
        work.paystack.manners.calls = 3
        [(first, txn), (second, _)] = await paid_twice(work, "paystack")
        work.paystack.dispute(txn)
        await work.idle()
        assert (await opened(both, first, second), await cash(both, "paystack")) == ([0, 0], 300_000)
        assert await stands(both) == [("open", datetime(2026, 3, 14, 18, tzinfo=UTC))]
        work.paystack.dispute(txn, resolution)
        await work.idle()
        assert (await opened(both, first, second), await cash(both, "paystack")) == (left, money)
        assert [one for one, _ in await stands(both)] == [state]
        assert money == sum(moved.minor for moved in work.paystack.truth)
        await proven(both)


async def test_a_dispute_of_a_payment_that_is_not_told_yet_waits_for_it(app: App) -> None:
    async with tills_at_work(app, paylink="paystack") as work:
        work.paystack.manners.shuffled = True
        await paid_twice(work, "paystack")
        held = list(work.paystack._held)
        work.paystack.dispute(work.paystack.truth[0].txn)
        await work.paystack.post(work.paystack._held[-1])
        assert await stands(app) == []
        for said in held:
            await work.paystack.post(said)
        await payment_doors.poll(work.app)
        assert [state for state, _ in await stands(app)] == ["open"]


def test_a_dispute_that_is_over_stays_what_it_is() -> None:
    assert [forward("won", one) for one in ("open", "answered", "lost")] == ["won"] * 3
    assert (forward("open", "answered"), forward("answered", "open")) == ("answered", "answered")
    assert set(DISPUTES.values()) == {"open", "answered", "won", "lost"}
