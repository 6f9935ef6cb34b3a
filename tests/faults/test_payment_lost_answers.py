"""An answer was lost: what is only late is not asked for again, and what was made is found however much was made since."""

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Refunds
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.payments import collect, redirect, refunds, request
from core.payments import doors as payment_doors
from core.payments.tables import receipt, refund
from tests.core.payments.made import a_bill, an_account, attempts, opened
from tests.faults.test_payment_days import _collected
from tests.gateway.tills_at_work import Work, tills_at_work

DUE = date(2026, 3, 17)


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    operator = operator.model_copy(update={"refunds": Refunds(approve_above="1000000")})
    return App(clock, operator, sqlite_db, settings, follow)


async def test_a_debit_that_is_done_late_is_not_asked_for_again(app: App) -> None:
    async with tills_at_work(app, mandates="gocardless") as work:
        bill = await _collected(work, "ACC1")
        work.forward(days=7)
        work.gocardless.manners.answer = "late"
        assert await collect.collect_due(work.app, DUE) == Counter(unknown=1)
        work.gocardless.manners.answer = "given"
        await payment_doors.poll(work.app)
        assert await collect.collect_due(work.app, DUE) == Counter(), "it may still be on its way"
        await work.gocardless.catch_up()
        await payment_doors.poll(work.app)
        work.gocardless.banks()
        await work.gocardless.flush()
        assert [moved.minor for moved in work.gocardless.truth] == [120_000]
        assert (await opened(app, bill), len(await attempts(app))) == ([0], 1)


async def test_a_debit_is_found_behind_many_that_were_made_since(app: App) -> None:
    async with tills_at_work(app, mandates="gocardless") as work:
        lost = await _collected(work, "ACC1")
        work.forward(days=7)
        work.gocardless.manners.answer = "dropped_after"
        assert await collect.collect_due(work.app, DUE) == Counter(unknown=1)
        work.gocardless.manners.answer, work.gocardless.most = "given", 2
        for number in range(2, 7):
            await _collected(work, f"ACC{number}")
        assert await collect.collect_due(work.app, date(2026, 3, 23)) == Counter(asked=5)
        work.forward(minutes=6)
        await payment_doors.poll(work.app)
        work.gocardless.banks()
        await work.gocardless.flush()
        assert await opened(app, lost) == [0] and len(work.gocardless.truth) == 6


async def _paid(work: Work, name: str) -> int:
    """A receipt by a provider's page."""
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
        bill = await a_bill(conn, work.app, account_id, 120_000)
        link = await request.paylink(conn, work.app, account_id, invoice_id=bill.invoice_id, key="k")
    await redirect.start(work.app, link.token)
    till = work.till(name)
    till.pay(next(iter(till.things)))
    await work.idle()
    async with work.app.db.reading() as conn:
        return (await conn.execute(select(receipt.c.id))).scalar_one()


@pytest.mark.parametrize("name", ["stripe", "paystack", "flutterwave"])
async def test_a_refund_is_found_behind_many_that_were_made_since(app: App, name: str) -> None:
    async with tills_at_work(app, paylink=name) as work:
        receipt_id, till = await _paid(work, name), work.till(name)
        till.manners.calls = 0
        for number in range(6):
            async with work.app.db.writing() as conn:
                await refunds.ask(
                    conn, work.app, receipt_id, amount_minor=10_000, reason="x", actor="user:a", key=f"k{number}"
                )
            till.manners.answer = "given" if number else "dropped_after"
            await work.dispatch()
        till.most = 2
        work.forward(minutes=6)
        await payment_doors.poll(work.app)
        async with app.db.reading() as conn:
            states = (await conn.execute(select(refund.c.state).order_by(refund.c.id))).scalars().all()
        assert states[0] == "done" and sum(moved.minor for moved in till.truth) == 60_000
