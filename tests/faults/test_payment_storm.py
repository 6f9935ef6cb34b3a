"""Payments while the providers drop answers, lose callbacks, double and shuffle them: in the end their books and ours are the same.

Seeded: the seed is in every message. A few dozen payments here, a thousand in soak; killed processes are `test_payment_kills`.
"""

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys.follow import follow
from core.ledger import verify
from core.payments import collect, mandates, redirect, request
from core.payments import doors as payment_doors
from core.payments.model import LIVE
from core.payments.tables import attempt, provider_event, receipt
from tests.core.payments.made import a_bill, an_account, cash, proven
from tests.doubles.till import Manners
from tests.gateway.tills_at_work import Work, tills_at_work

DUE = date(2026, 3, 23)


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


class Weather:
    """Another manner at every request."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.shuffled = rng, False

    @property
    def answer(self) -> str:
        """Given half of the time; else the request or its answer is lost, or it is done when nobody waits for it any more."""
        return self.rng.choice(("given", "given", "given", "dropped_before", "dropped_after", "late"))

    @property
    def calls(self) -> int:
        """Callbacks: lost, one, or two."""
        return self.rng.choice((0, 1, 1, 2))


async def _weather(work: Work, rng: random.Random) -> None:
    for till in (work.stripe, work.gocardless):
        till.manners, till.most = Weather(rng), rng.choice((2, 3, 100))
        if rng.random() < 0.5:
            await till.catch_up()


async def _by_link(work: Work, rng: random.Random, number: int) -> None:
    """They press the button, perhaps twice, and perhaps pays."""
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app, f"L{number}")
        bill = await a_bill(conn, work.app, account_id, rng.randrange(1_000, 90_000))
        link = await request.paylink(conn, work.app, account_id, invoice_id=bill.invoice_id, key=f"s{number}")
    for _ in range(rng.randrange(1, 3)):
        await _weather(work, rng)
        try:
            await redirect.start(work.app, link.token)
        except Refused:
            continue
    open_pages = [one["id"] for one in work.stripe.things.values() if one.get("status") == "open"]
    for page in open_pages:
        if rng.random() < 0.8:
            work.stripe.pay(page)


async def _by_mandate(work: Work, rng: random.Random, number: int) -> None:
    end = rng.choice(("", "", "", "FUNDS", "CLOSED"))
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app, f"M{number}")
        reference = await mandates.create(
            conn, work.app, account_id, actor="user:a", provider="gocardless", provider_ref=f"MD{number}{end}"
        )
        await mandates.activate(conn, work.app, reference, actor="user:a")
        bill = await a_bill(conn, work.app, account_id, rng.randrange(1_000, 90_000))
        await mandates.plan_collections(conn, work.app, [bill])


async def _calm(work: Work, rng: random.Random, seed: int) -> None:
    """The providers answer again; fifteen minutes later nothing may be unknown."""
    for till in (work.stripe, work.gocardless):
        till.manners, till.most = Manners(), 7
    for step in range(6):
        if step == 1:
            await work.stripe.catch_up()
            await work.gocardless.catch_up()
        if step < 3:
            await collect.collect_due(work.app, DUE)
        work.gocardless.banks()
        waiting = work.gocardless.waiting
        work.gocardless.waiting = [one for one in waiting for _ in range(rng.choice((1, 2)))]
        await work.gocardless.flush(seed=seed + step)
        await work.idle()
        await payment_doors.poll(work.app)
        work.forward(minutes=3)


@pytest.mark.parametrize(("seed", "count"), [(5, 24), pytest.param(6, 1_000, marks=pytest.mark.soak)])
async def test_after_the_storm_the_providers_books_and_ours_are_the_same(app: App, seed: int, count: int) -> None:
    rng = random.Random(seed)
    async with tills_at_work(app, paylink="stripe", mandates="gocardless") as work:
        for number in range(count // 2):
            await _by_mandate(work, rng, number)
        for number in range(count // 2):
            await _by_link(work, rng, number)
        await work.idle()
        await _weather(work, rng)
        work.forward(days=(date(2026, 3, 17) - work.app.today()).days)
        for _ in range(6):
            await collect.collect_due(work.app, DUE)
            await payment_doors.poll(work.app)
            await _weather(work, rng)
        await _calm(work, rng, seed)
        async with app.db.reading() as conn:
            unknown = await conn.execute(select(func.count()).where(attempt.c.state.in_(("unknown", "sent"))))
            assert unknown.scalar_one() == 0, f"seed {seed}: nothing is unknown"
            waits = await conn.execute(select(func.count()).where(provider_event.c.state == "waiting"))
            assert waits.scalar_one() == 0, f"seed {seed}: nothing waits"
        work.forward(minutes=40)
        await payment_doors.poll(work.app)
        await _judged(app, work, seed)


async def _judged(app: App, work: Work, seed: int) -> None:
    for name in ("stripe", "gocardless"):
        truth = work.till(name).truth
        assert len({moved.txn for moved in truth}) == len(truth), f"seed {seed}: nobody was charged twice"
        async with app.db.reading() as conn:
            rows = await conn.execute(
                select(receipt.c.provider_txn, receipt.c.amount_minor).where(receipt.c.provider == name)
            )
            kept = {row[0]: row[1] for row in rows}
        assert kept == {moved.txn: moved.minor for moved in truth}, f"seed {seed}: {name}"
        assert await cash(app, name) == sum(moved.minor for moved in truth)
        keys = [moved.key.rpartition(":")[0] if moved.key.count(":") > 1 else moved.key for moved in truth]
        assert len(set(keys)) == len(keys), f"seed {seed}: no bill was collected twice"
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
        live = (
            await conn.execute(
                select(func.count()).where(attempt.c.state.in_(LIVE), attempt.c.provider == "gocardless")
            )
        ).scalar_one()
    assert live == 0, f"seed {seed}: no debit is left open after {timedelta(minutes=58)}"
    await proven(app)
