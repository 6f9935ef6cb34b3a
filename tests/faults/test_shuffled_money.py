"""Payment callbacks shuffled, doubled and up to seven days late leave the same money in the same places (reliability R5).

HODI_SEED repeats a story, HODI_PAYMENTS sets how many payments it has in `make soak`.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.ledger import verify
from core.ledger.tables import open_item
from core.parties.tables import account
from core.payments import collect, inbox, mandates, push, redirect, request
from core.payments.tables import attempt, mandate, provider_event, receipt
from tests.conftest import NOON
from tests.core.payments.made import a_bill, an_account, cash, proven
from tests.databases import Sqlite
from tests.doubles import daraja
from tests.doubles.till import Thing
from tests.faults.calls import SEED, Call, brought, in_order, shuffled
from tests.gateway.payments_at_work import at_work
from tests.gateway.tills_at_work import Work, tills_at_work

MANY = int(os.environ.get("HODI_PAYMENTS", "4000"))
OVER, DUE = NOON + timedelta(days=23), date(2026, 3, 23)
ENDED = {"failed": "ended", "cancelled": "ended"}
"""Their word and their bank's both end a mandate; which of them was heard first is of no consequence."""
TILLS = ("stripe", "paystack", "flutterwave", "gocardless")


async def money(app: App, *providers: str) -> dict[str, Any]:
    """Where all money is, and how everything stands, by names that no order changes."""
    async with app.db.reading() as conn:
        names = {row.id: row.number for row in await conn.execute(select(account.c.id, account.c.number))}
        owing = await conn.execute(select(open_item.c.account_id, open_item.c.open_minor))
        tried = (await conn.execute(select(attempt))).all()
        kept = await conn.execute(
            select(
                receipt.c.account_id, receipt.c.state, func.sum(receipt.c.amount_minor - receipt.c.reversed_minor)
            ).group_by(receipt.c.account_id, receipt.c.state)
        )
        waits = await conn.execute(
            select(provider_event.c.state).where(provider_event.c.state.in_(("waiting", "failed")))
        )
        agreed = await conn.execute(select(mandate.c.provider_ref, mandate.c.state))
        assert await verify.problems(conn) == []
        found = {
            "open": sorted((names[row.account_id], row.open_minor) for row in owing),
            "attempts": sorted((names[row.account_id], row.method, row.state) for row in tried),
            "kept": sorted((names.get(row[0], ""), row[1], row[2]) for row in kept if row[2]),
            "left waiting": list(waits.scalars()),
            "mandates": sorted((row.provider_ref, ENDED.get(row.state, row.state)) for row in agreed),
        }
    await proven(app)
    return found | {"cash": [await cash(app, name) for name in providers]}


@dataclass
class Story:
    """Payments of every kind, and every callback about them with the instant at which it came to be."""

    work: Work
    dice: random.Random
    calls: list[Call]

    async def of(self, count: int) -> list[Call]:
        """One payment after the other; all callbacks held back."""
        for name in TILLS:
            self.work.till(name).manners.shuffled = True
        for number in range(count):
            await (self.by_mandate if number % 2 else self.by_link)(number)
        self.work.forward(days=(date(2026, 3, 17) - self.work.app.today()).days)
        await collect.collect_due(self.work.app, DUE)
        self.work.gocardless.banks()
        for one in list(self.work.gocardless.things.values()):
            if one["status"] == "confirmed" and self.dice.random() < 0.3:
                self.work.gocardless.late(one["id"])
        self._told_by_gocardless()
        return self.calls

    async def by_link(self, number: int) -> None:
        """They pay on a page; now and then their bank takes it back, or gives it back again."""
        name = self.dice.choice(("stripe", "paystack", "flutterwave"))
        app = self.work.app
        words = {"payments": app.operator.payments.model_copy(update={"paylink": name})}
        app = replace(app, operator=app.operator.model_copy(update=words))
        async with app.db.writing() as conn:
            account_id = await an_account(conn, app, f"L{number}")
            bill = await a_bill(conn, app, account_id, 100 * self.dice.randrange(10, 900))
            link = await request.paylink(conn, app, account_id, invoice_id=bill.invoice_id, key=f"s{number}")
        await redirect.start(app, link.token)
        till: Any = self.work.till(name)
        till.pay(next(reversed(till.things)))
        if name == "stripe" and (fate := self.dice.choice((0, 0, 1, 2))):
            till.dispute(till.truth[-1].txn)
            if fate == 2:
                till.dispute(till.truth[-1].txn, won=True)
        held, till._held = till._held, []
        for step, said in enumerate(held):
            self._call(number, step, lambda till=till, said=said: till.post(said), till)

    async def by_mandate(self, number: int) -> None:
        """Their bank is asked; it may say no, and they may end the mandate."""
        end, app = self.dice.choice(("", "", "", "FUNDS", "CLOSED")), self.work.app
        async with app.db.writing() as conn:
            account_id = await an_account(conn, app, f"M{number}")
            reference = await mandates.create(
                conn, app, account_id, actor="user:a", provider="gocardless", provider_ref=f"MD{number}{end}"
            )
            await mandates.activate(conn, app, reference, actor="user:a")
            bill = await a_bill(conn, app, account_id, 100 * self.dice.randrange(10, 900))
            await mandates.plan_collections(conn, app, [bill])
        self.work.gocardless.event("mandates", "active", mandate=f"MD{number}{end}")
        if self.dice.random() < 0.3:
            self.work.gocardless.event("mandates", "cancelled", "mandate_cancelled", mandate=f"MD{number}{end}")

    def _told_by_gocardless(self) -> None:
        till = self.work.gocardless
        events, till.waiting = till.waiting, []
        for step, event in enumerate(events):
            self._call(0, step, lambda event=event: till.post({"events": [event], "meta": {"webhook_id": "WB"}}), till)

    def _call(self, number: int, step: int, post: Callable[[], Any], till: Any) -> None:
        async def bring() -> int:
            await post()
            return int(till.answers[-1])

        at = NOON + timedelta(days=7, minutes=7 * number, seconds=step)
        self.calls.append(Call(at, bring))


async def ended(app: App, calls: list[Call], order: str, clock: SetClock) -> None:
    """Everything is told, and what had to wait is taken up."""
    told = in_order(calls) if order == "in order" else shuffled(calls, random.Random(SEED + 1))
    await brought(told, clock, max(OVER, told[-1].at))
    for _ in range(3):
        await inbox.work_off(app)


def same(ends: list[dict[str, Any]]) -> None:
    right, after = ends
    for name, expected in right.items():
        assert after[name] == expected, f"seed {SEED}: {name}"
    assert right["left waiting"] == []


@pytest.mark.parametrize("count", [8, pytest.param(MANY, marks=pytest.mark.soak)])
async def test_pages_disputes_and_debits_end_the_same_in_any_order(
    sqlite_server: Sqlite, operator: Operator, settings: Settings, tmp_path: Path, count: int
) -> None:
    ends: list[dict[str, Any]] = []
    for order in ("in order", "shuffled"):
        db, clock = Database(await sqlite_server.fresh(tmp_path)), SetClock(NOON)
        app = App(clock, operator, db, settings, follow)
        async with tills_at_work(app, paylink="stripe", mandates="gocardless") as work:
            calls = await Story(work, random.Random(SEED), []).of(count)
            await ended(work.app, calls, order, clock)
            ends.append(await money(work.app, *TILLS))
            truth = [sum(moved.minor for moved in work.till(name).truth) for name in TILLS]
            assert ends[-1]["cash"] == truth, f"seed {SEED}, {order}: their books and ours"
        await db.close()
    same(ends)


@pytest.mark.parametrize("count", [6, pytest.param(MANY, marks=pytest.mark.soak)])
async def test_prompts_and_paybill_notes_end_the_same_in_any_order(
    sqlite_server: Sqlite,
    operator: Operator,
    settings: Settings,
    tmp_path: Path,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends: list[dict[str, Any]] = []
    post = daraja.Double.post
    for order in ("in order", "shuffled"):
        db, clock, dice, calls = (
            Database(await sqlite_server.fresh(tmp_path)),
            SetClock(NOON),
            random.Random(SEED),
            list[Call](),
        )

        async def hold(double: Any, url: str, said: Thing, calls: list[Call] = calls) -> Thing:
            async def bring() -> int:
                await post(double, url, said)
                return int(double.answers[-1][0])

            calls.append(Call(NOON + timedelta(days=1, seconds=10 * len(calls)), bring))
            return {}

        async with at_work(App(clock, operator, db, settings, follow), push="daraja") as work:
            monkeypatch.setattr(daraja.Double, "post", hold)
            for number in range(count):
                async with work.app.db.writing() as conn:
                    account_id = await an_account(conn, work.app, f"P{number}")
                    await a_bill(conn, work.app, account_id, 100 * dice.randrange(10, 900))
                work.daraja.manners.result = dice.choice((0, 0, 0, 1, 1032, 2001))
                work.daraja.manners.also_confirms = dice.random() < 0.5
                if dice.random() < 0.6:
                    async with work.app.db.writing() as conn:
                        await push.ask(conn, work.app, account_id, "+254700000001", 120_000, f"p{number}")
                    await work.dispatch()
                else:
                    note = work.daraja.confirmation(
                        f"RK{number:08}", dice.randrange(10, 900), dice.choice((f"P{number}", "nobody's"))
                    )
                    work.daraja.truth.append((note["TransID"], int(note["TransAmount"][:-3]), note["BillRefNumber"]))
                    await work.daraja.post(work.daraja.confirmation_url, note)
            monkeypatch.setattr(daraja.Double, "post", post)
            await ended(work.app, calls, order, clock)
            ends.append(await money(work.app, "daraja"))
            assert ends[-1]["cash"] == [100 * sum(amount for _, amount, _ in work.daraja.truth)], (
                f"seed {SEED}, {order}"
            )
        await db.close()
    same(ends)
