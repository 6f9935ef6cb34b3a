"""Ninety days of late accounts under a virtual clock, judged by an oracle: no bar with a valid hold, no step left out, every unbar in time.

Customers pay all or part, dispute and are refused, agree and miss instalments, are protected and are not any more, try to pay and fail;
some phones get no notice. Everything goes through the real journeys, the dispatcher and a network that keeps the truth.
"""

import os
import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.care.tables import dispute
from core.clock import SetClock
from core.collections import protect
from core.collections.model import AFRESH
from core.collections.tables import arrangement, episode, ladder_step
from core.context import App
from core.db.engine import Database
from core.db.in_list import in_list
from core.errors import Refused
from core.journeys import dispute_decided, line_disputed
from core.journeys.dunning import arrangement as arrangement_agreed
from core.journeys.dunning import protection, run
from core.journeys.follow import follow
from core.outbox.queue import outbox
from core.payments import push
from core.payments.tables import attempt
from tests.journeys.arrears_at_work import DUE, Late, late_accounts, many_bills
from tests.journeys.ninety_days import MINIMUM, Bill, Oracle, Truth
from tests.networks import FakeNetwork

AT_ONCE = 2_000
SILENT, STEADY = 7, 5
"""Every seventh phone gets nothing; every fifth customer does nothing at all."""
DOES = ("all", "part", "dispute", "decide", "agree", "protect", "free", "try", "fail")
ORDER = ("overdue", "firm", "formal", "soft_bar", "hard_bar", "final")


class Town(Late):
    """Late accounts with the oracle beside them."""

    def prepare(self, oracle: Oracle, seed: int, keen: float = 0.3) -> None:
        self.keen = keen
        self.oracle, self.dice = oracle, random.Random(seed)
        self.number: dict[int, str] = {}
        self.place: dict[int, int] = {}
        self.invoices: dict[int, list[int]] = {}
        self.phone_of: dict[str, int] = {}
        self.service_of: dict[str, int] = {}
        self.running: set[int] = set()
        self.seen = 0
        apply = self.network.apply

        async def watched(command: Any) -> Any:
            oracle.network(self.service_of[command.login], command.level, self._here())
            return await apply(command)

        self.network.apply = watched  # the oracle looks over its shoulder

    def _here(self) -> Any:
        return self.clock.now().astimezone(self.app.zone)

    async def settle(self, count: int) -> None:
        """So many accounts, each with a bill due in the first ten days."""
        self.at(DUE - timedelta(days=14))
        minors = [self.dice.randrange(5_000, 90_000) for _ in range(count)]
        dues = [DUE + timedelta(days=self.dice.randrange(10)) for _ in range(count)]
        for first in range(0, count, AT_ONCE):
            part = slice(first, first + AT_ONCE)
            these = await late_accounts(self.app, first, len(minors[part]), minors[part], dues[part])
            for (number, phone, account, invoice, service), minor, due in zip(
                these, minors[part], dues[part], strict=True
            ):
                self.oracle.accounts[account] = Truth([Bill(due, minor)])
                self.place[account], self.number[account], self.phone_of[phone] = len(self.place), number, account
                self.service_of[str(service)], self.invoices[account] = account, [invoice]

    async def send(self) -> None:
        """The dispatcher and the delivery reports; the oracle reads every phone."""
        self.delivers = False
        await super().send()
        fresh, self.seen = self.phones.sent[self.seen :], len(self.phones.sent)
        for notice in fresh:
            self._read(notice.to, notice.key, notice.text)
        if fresh:
            await self._delivered()
        self.oracle.tick(self._here())

    async def _delivered(self) -> None:
        """Every phone but the silent ones has what was sent."""
        async with self.app.db.writing() as conn:
            sent = update(outbox).where(outbox.c.state == "sent", outbox.c.kind == "notice")
            silent = [account for account, at in self.place.items() if at % SILENT == 0]
            await conn.execute(sent.where(in_list(conn, outbox.c.account_id, silent)).values(state="failed"))
            await conn.execute(sent.values(state="delivered"))

    def _read(self, phone: str, key: str, text: str) -> None:
        account = self.phone_of[phone]
        truth, on = self.oracle.accounts[account], self._here().date()
        if not key.startswith("ladder:"):
            return
        if "service is limited:" in text or "is off:" in text:
            truth.steps.append("bar")
            return
        words = {
            "was due on": "overdue",
            "still open since": "firm",
            "service is limited from": "formal",
            "the contract ends": "final",
        }
        step = next(name for word, name in words.items() if word in text)
        amount = money.show(truth.payable(on), "KES")
        self.oracle.noticed(account, text, amount, step, self._here())
        if step == "formal" and self.place[account] % SILENT:
            truth.told_on = on

    async def live(self, share: float) -> None:
        """What customers do at this moment; one whose restriction waits for its hour does something more often."""
        async with self.app.db.writing() as conn:
            due = select(ladder_step.c.account_id).where(ladder_step.c.state == "waiting")
            keen = set((await conn.execute(due)).scalars())
            for at, account in enumerate(self.number):
                if at % STEADY and self.dice.random() < (self.keen if account in keen else share):
                    await self._do(conn, account, self.dice.choice(DOES))
        await self.send()

    async def _do(self, conn: AsyncConnection, account: int, what: str) -> None:
        truth, app, on = self.oracle.accounts[account], self.app, self._here().date()
        owed = sum(bill.open - bill.frozen for bill in truth.bills)
        if what in ("all", "part") and owed > 1:
            minor = owed if what == "all" else self.dice.randrange(1, owed)
            truth.pay(minor)
            await self.paid(conn, self.number[account], minor, f"T{app.ids.take()}")
        if what == "dispute" and truth.bills[0].open > truth.bills[0].frozen:
            bill, key = truth.bills[0], f"d{app.ids.take()}"
            if not bill.frozen:
                bill.frozen, bill.arranged = bill.open, 0
                await line_disputed.dispute(
                    conn,
                    app,
                    account_id=account,
                    invoice_id=self.invoices[account][0],
                    reason="?",
                    contact_id=None,
                    key=key,
                )
        if what == "decide" and truth.bills[0].frozen:
            found = select(dispute.c.id).where(dispute.c.account_id == account, dispute.c.state == "open")
            await dispute_decided.decide(
                conn, app, (await conn.execute(found)).scalar_one(), "rejected", actor="user:a"
            )
            truth.bills[0].frozen = 0
        if what == "agree":
            await self._agree(conn, account, truth, on)
        if what == "protect" and not truth.protected:
            truth.protected = True
            await protection.register(conn, app, account, "medical", reason="letter", actor="user:a", until=None)
        if what == "free" and truth.protected:
            truth.protected, truth.told_on = False, None
            await protect.end(conn, app, account, "medical", actor="user:a")
        if what == "try" and not truth.pending:
            await push.ask(conn, app, account, "+254700000001", 1_000, f"k{app.ids.take()}")
            truth.pending = True
        if what == "fail" and truth.pending:
            await conn.execute(update(attempt).where(attempt.c.account_id == account).values(state="failed"))
            truth.pending = False
        self.oracle.happened(account, self._here())

    async def _agree(self, conn: Any, account: int, truth: Truth, on: date) -> None:
        try:
            await arrangement_agreed.agree(conn, self.app, account, 1, f"a{self.app.ids.take()}")
        except Refused:
            return
        self.running.add(account)
        for bill in truth.bills:
            bill.arranged = bill.payable(on)

    async def morning(self, on: date) -> None:
        """The ladder runs; arrangements that were missed are over (7 days to pay, 2 of grace)."""
        self.at(on, 7)
        await run.due(self.app)
        running = await self._running()
        for account in self.running - running:
            for bill in self.oracle.accounts[account].bills:
                bill.arranged = 0
        self.running = running

    async def _running(self) -> set[int]:
        async with self.app.db.reading() as conn:
            rows = await conn.execute(select(arrangement.c.open_id).where(arrangement.c.open_id.is_not(None)))
            return set(rows.scalars())

    async def bill_all(self, on: date) -> None:
        """A second bill for everybody, due in two weeks."""
        accounts, due = list(self.number), on + timedelta(days=14)
        for first in range(0, len(accounts), AT_ONCE):
            these = accounts[first : first + AT_ONCE]
            await self.app.db.reserve_ids(8 * AT_ONCE)
            async with self.app.db.writing() as conn:
                await many_bills(conn, self.app, these, [20_000] * len(these), [due] * len(these))
            for account in these:
                self.oracle.accounts[account].bills.append(Bill(due, 20_000))


async def _ninety_days(town: Town, count: int, share: float) -> None:
    await town.settle(count)
    for n in range(90):
        on = DUE + timedelta(days=n)
        if n == 30:
            await town.bill_all(on)
        await town.morning(on)
        town.at(on, 8)
        await town.live(share)
        town.at(on, 10)
        await town.send()
        town.at(on, 19)
        await town.live(share)


async def _judge(town: Town, count: int) -> None:
    oracle = town.oracle
    assert oracle.wrong == [], oracle.wrong[:5]
    assert oracle.bars > count // 4 and oracle.unbars > count // 20 and oracle.notices > count
    query = select(ladder_step).order_by(ladder_step.c.id)
    async with town.app.db.reading() as conn:
        rows = (await conn.execute(query)).all()
        held = {
            row.open_id: row.held for row in await conn.execute(select(episode).where(episode.c.open_id.is_not(None)))
        }
    walked: dict[tuple[int, int], list[str]] = {}
    for row in rows:
        walked.setdefault((row.episode_id, row.round), []).append(row.step)
    for steps in walked.values():
        first = ORDER.index(steps[0])
        assert tuple(steps) == ORDER[first : first + len(steps)], steps
    done = {(row.account_id, row.step) for row in rows if row.state == "done"}
    for at, account in enumerate(town.number):
        if at % STEADY == 0 and at % SILENT and oracle.accounts[account].bills[0].open >= MINIMUM:
            assert [step for step in ORDER if (account, step) in done] == list(ORDER)
        if at % SILENT == 0:
            assert not {(account, "soft_bar"), (account, "hard_bar")} & done
    assert {one for one in held.values() if one} <= {*AFRESH, "pending", "untold"}


async def _run(app: App, clock: SetClock, seed: int, count: int, share: float, keen: float = 0.3) -> None:
    town = Town(app, clock, FakeNetwork())
    town.prepare(Oracle(), seed, keen)
    await _ninety_days(town, count, share)
    await _judge(town, count)


async def test_ninety_days_of_late_accounts(sqlite_db: Database, clock: SetClock, operator: Any, settings: Any) -> None:
    await _run(App(clock, operator, sqlite_db, settings, follow), clock, 1, 36, 0.03)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [2])
async def test_ninety_days_of_ten_thousand_late_accounts(app: App, clock: SetClock, seed: int) -> None:
    count = int(os.environ.get("HODI_ACCOUNTS", "10000"))
    await _run(app, clock, seed, count, 0.001, 0.05)
