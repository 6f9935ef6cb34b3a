"""Days of money with everything that goes wrong with it: every day the branches sum to the house, and the house to the ledger, to the cent;
and what goes back after weeks or a year opens exactly what it had paid."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Refunds
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys import money_received
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.ledger import verify
from core.ledger.tables import journal, ledger_account, posting
from core.payments import collect, mandates, receive, refunds
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn
from core.payments.reconcile import close
from core.payments.reverse import reverse
from core.payments.tables import receipt, refund
from tests.core.payments.made import Bill, a_bill, an_account, cash, opened, proven
from tests.gateway.tills_at_work import Work, tills_at_work

BRANCHES, MINOR = 5, 120_000
WAYS = ("stripe", "daraja", "cash", "bank")


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    operator = operator.model_copy(update={"refunds": Refunds(approve_above="1000000")})
    return App(clock, operator, sqlite_db, settings, follow)


class Days:
    """What clerks and customers do in a day, by the dice."""

    def __init__(self, app: App, seed: int) -> None:
        self.app, self.rng, self.taken = app, random.Random(seed), list[int]()
        self.does: list[Callable[[], Awaitable[None]]] = [self.came] * 6 + [
            self.back,
            self.part_back,
            self.refunded,
            self.by_hand,
            self.moved,
            self.claimed,
        ]

    async def came(self) -> None:
        """Money, for one of the branches or (a mistyped number) for nobody yet."""
        number, minor = f"ACC{self.rng.randrange(BRANCHES + 1)}", self.rng.randrange(1, 99_999)
        got = ReceiptIn(
            self.rng.choice(WAYS), f"T{len(self.taken)}", "card", minor, "KES", self.app.clock.now(), reference=number
        )
        async with self.app.db.writing() as conn:
            kept = await receive.apply(conn, self.app, got)
            if kept.placed_now:
                await follow(conn, self.app, [PaymentReceived(kept.receipt_id)])
        self.taken.append(kept.receipt_id)

    async def back(self, minor: int | None = None) -> None:
        async with self.app.db.writing() as conn:
            one, key = self.rng.choice(self.taken), f"r{self.rng.random()}"
            await reverse(conn, self.app, one, key=key, kind="chargeback", reason="x", amount_minor=minor)

    async def part_back(self) -> None:
        await self.back(self.rng.randrange(1, 900))

    async def refunded(self) -> None:
        async with self.app.db.writing() as conn:
            await refunds.ask(
                conn,
                self.app,
                self.rng.choice(self.taken),
                amount_minor=self.rng.randrange(1, 500),
                reason="x",
                actor="user:a",
                key=f"k{self.rng.random()}",
            )

    async def by_hand(self) -> None:
        """A clerk has transferred one of those that wait for her."""
        async with self.app.db.writing() as conn:
            waits = select(refund.c.id).where(refund.c.state == "granted", refund.c.how == refunds.BY_HAND).limit(1)
            if found := (await conn.execute(waits)).scalar_one_or_none():
                await refunds.paid_by_hand(conn, self.app, found, reference="TRF", actor="user:a")

    async def moved(self) -> None:
        async with self.app.db.writing() as conn:
            target = f"ACC{self.rng.randrange(BRANCHES)}"
            one = self.rng.choice(self.taken)
            await money_received.moved(conn, self.app, one, target, actor="user:a", reason="x")

    async def claimed(self) -> None:
        async with self.app.db.writing() as conn:
            waits = select(receipt.c.id).where(receipt.c.state == "suspense").limit(1)
            if found := (await conn.execute(waits)).scalar_one_or_none():
                await money_received.placed(conn, self.app, found, f"ACC{self.rng.randrange(BRANCHES)}", "user:a")

    async def day(self, steps: int) -> None:
        await self.came()
        for _ in range(steps):
            try:
                await self.rng.choice(self.does)()
            except Refused:
                continue


async def _customers_have(app: App, on: date) -> int:
    """By how much a day's money lowered what customers owe and what waits in suspense, by the ledger alone."""
    async with app.db.reading() as conn:
        ours = select(ledger_account.c.id).where(ledger_account.c.code.in_(("receivable", "suspense")))
        money = (
            select(func.coalesce(func.sum(posting.c.amount), 0))
            .join(journal, journal.c.id == posting.c.journal_id)
            .where(posting.c.booked_on == on, journal.c.kind != "invoice")
        )
        lower = (await conn.execute(money.where(posting.c.source_id.in_(ours)))).scalar_one()
        higher = (await conn.execute(money.where(posting.c.destination_id.in_(ours)))).scalar_one()
        return int(lower) - int(higher)


@pytest.mark.parametrize(("seed", "days", "steps"), [(7, 4, 12), pytest.param(8, 30, 120, marks=pytest.mark.soak)])
async def test_branches_sum_to_the_house_and_the_house_to_the_ledger(
    single: App, clock: SetClock, seed: int, days: int, steps: int
) -> None:
    async with single.db.writing() as conn:
        for number in range(BRANCHES):
            account_id = await an_account(conn, single, f"ACC{number}")
            for _ in range(3):
                await a_bill(conn, single, account_id, 70_000)
    town = Days(single, seed)
    for _ in range(days):
        await town.day(steps)
        on = single.today()
        async with single.db.reading() as conn:
            every = await close.channels(conn, on)
            codes = ["", *(f"BACC{number}" for number in range(BRANCHES))]
            apart = [row for code in codes for row in await close.channels(conn, on, branch_code=code)]
            assert Counter(every) == Counter(apart), f"seed {seed}, {on}"
        assert sum(one.received - one.taken_back for one in every) == await _customers_have(single, on), f"seed {seed}"
        clock.forward(timedelta(days=1))
    async with single.db.reading() as conn:
        assert await verify.problems(conn) == []
    await proven(single)


async def _collected(work: Work, number: str) -> Bill:
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app, number)
        reference = await mandates.create(
            conn, work.app, account_id, actor="user:a", provider="gocardless", provider_ref=f"MD{number}"
        )
        await mandates.activate(conn, work.app, reference, actor="user:a")
        bill = await a_bill(conn, work.app, account_id, 120_000)
        await mandates.plan_collections(conn, work.app, [bill])
    return bill


@pytest.mark.parametrize("weeks", [8, 56])
async def test_what_goes_back_after_eight_weeks_or_thirteen_months_opens_exactly_its_bill(
    single: App, weeks: int
) -> None:
    async with tills_at_work(single, mandates="gocardless") as work:
        bills = [await _collected(work, f"ACC{number}") for number in range(3)]
        work.forward(days=9)
        await collect.collect_due(work.app, date(2026, 3, 23))
        work.gocardless.banks()
        await work.gocardless.flush()
        assert await opened(single, *bills) == [0, 0, 0]
        work.forward(weeks=weeks)
        async with single.db.writing() as conn:
            newer = await a_bill(conn, work.app, bills[1].account_id, 50_000)
            got = ReceiptIn("daraja", "T1", "mobile_inbound", 50_000, "KES", work.app.clock.now(), reference="ACC1")
            kept = await receive.apply(conn, work.app, got)
            await follow(conn, work.app, [PaymentReceived(kept.receipt_id)])
        [hers] = [
            one["id"]
            for one in work.gocardless.things.values()
            if one["id"].startswith("PM") and one["links"]["mandate"] == "MDACC1"
        ]
        work.gocardless.late(hers)
        work.gocardless.waiting *= 2
        await work.gocardless.flush(seed=1)
        assert await opened(single, *bills, newer) == [0, 120_000, 0, 0]
        assert await cash(single, "gocardless") == 240_000
        await proven(single)


@pytest.mark.parametrize("parts", [40, pytest.param(200, marks=pytest.mark.soak)])
async def test_of_twice_as_many_refunds_at_once_as_were_paid_exactly_what_was_paid_goes_back(
    app: App, parts: int
) -> None:
    """Half as many minor units as there are refunds of one: the others are refused, and the receipt is never below nothing."""
    app = replace(app, operator=app.operator.model_copy(update={"refunds": Refunds(approve_above="1000000")}))
    async with app.db.writing() as conn:
        bill = await a_bill(conn, app, await an_account(conn, app), MINOR)
    got = ReceiptIn("bank", "T1", "bank", parts // 2, "KES", app.clock.now(), reference="ACC100")
    async with app.db.writing() as conn:
        kept = await receive.apply(conn, app, got)
        await follow(conn, app, [PaymentReceived(kept.receipt_id)])

    gate = asyncio.Semaphore(25)

    async def one(at: int) -> bool:
        try:
            async with gate, app.db.writing() as conn:
                key = f"back {at}"
                await refunds.ask(conn, app, kept.receipt_id, amount_minor=1, reason="x", actor="user:a", key=key)
        except Refused:
            return False
        return True

    assert sum(await asyncio.gather(*(one(at) for at in range(parts)))) == parts // 2
    assert await opened(app, bill) == [MINOR]
    async with app.db.reading() as conn:
        assert await ledger.balance(conn, "refunds", 0, "KES") == -(parts // 2)
        assert await verify.problems(conn) == []
    await proven(app)
