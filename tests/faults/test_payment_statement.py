"""Differences planted in a bank's statement, each kind many times, in both formats: all found, of the right kind, with their money, and
nothing else is."""

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Reconcile
from core.context import App
from core.db.engine import Database
from core.journeys import bank_statement
from core.journeys.follow import follow
from core.ledger import verify
from core.payments.reconcile import run
from core.payments.reconcile.tables import difference
from tests.core.payments.paper import IBAN, Paper
from tests.core.payments.test_reconcile import DAY, forward, opened_world, pay, told

DAYS = 3
"""Working days a payout takes at most."""
KINDS = ("good", "missing", "duplicate", "late", "fee", "cent", "wrong_day", "unknown")
Planted = Counter[tuple[str, date, int]]


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    policy = Reconcile(grace_days=1, payout_days=DAYS, bank_account=IBAN)
    return App(clock, operator.model_copy(update={"reconcile": policy}), sqlite_db, settings, follow)


class Bank:
    """A bank that writes a statement for every day."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.papers = rng, {}
        self.refs = 0

    def books(self, on: date, minor: int, purpose: str) -> None:
        self.refs += 1
        self.papers.setdefault(on, Paper(on)).entry(minor, f"B{self.refs}", purpose=purpose)

    async def sends(self, app: App, folder: Path, form: str, until: date) -> None:
        """All statements up to a day; some of them in a second file too."""
        for on in sorted(day for day in self.papers if day <= until):
            paper = self.papers[on]
            path = paper.camt(folder, f"{on}.xml") if form == "camt" else paper.mt940(folder, f"{on}.sta")
            for _ in range(self.rng.choice((1, 2))):
                await bank_statement.bring_in(app, path)


def plant(bank: Bank, kind: str, name: str, net: int, planted: Planted) -> None:
    """One payout as the bank books it, and what has to be said of it in the end."""
    on, purpose = DAY + timedelta(days=bank.rng.randrange(DAYS)), f"STRIPE {name} payout"
    far = DAY + timedelta(days=DAYS + 2)
    match kind:
        case "good":
            bank.books(on, net, purpose)
        case "missing":
            planted["payout_missing", DAY, -net] += 1
        case "duplicate":
            bank.books(DAY, net, purpose)
            bank.books(DAY + timedelta(days=1), net, purpose)
            planted["bank_unexplained", DAY + timedelta(days=1), net] += 1
        case "late":
            bank.books(DAY + timedelta(days=DAYS), net, purpose)
        case "fee" | "cent":
            off = 290 if kind == "fee" else bank.rng.choice((1, -1))
            bank.books(on, net - off, purpose)
            planted["payout_amount", DAY, -off] += 1
        case "wrong_day":
            bank.books(far, net, purpose)
            planted["payout_missing", DAY, -net] += 1
            planted["bank_unexplained", far, net] += 1
        case "unknown":
            bank.books(on, net, "who knows")
            planted["bank_unexplained", on, net] += 1


async def found(app: App, until: date) -> Counter[tuple[str, str, date, int]]:
    """(kind, state, day, minor units) of what differs, each day matched anew."""
    for n in range((until - DAY).days + 1):
        async with app.db.writing() as conn:
            await run.run(conn, app, DAY + timedelta(days=n))
    async with app.db.reading() as conn:
        rows = await conn.execute(select(difference).where(difference.c.state != "cleared"))
        return Counter((row.kind, row.state, row.day, row.amount_minor) for row in rows)


@pytest.mark.parametrize("form", ["camt", "mt940"])
@pytest.mark.parametrize(("seed", "each"), [(1, 3), pytest.param(2, 50, marks=pytest.mark.soak)])
async def test_every_difference_planted_in_a_statement_is_found(
    app: App, tmp_path: Path, form: str, seed: int, each: int
) -> None:
    rng = random.Random(seed)
    bank, planted = Bank(rng), Planted()
    await opened_world(app)
    nets = rng.sample(range(10_000, 90_000, 7), each * len(KINDS))
    late = set()
    for number, net in enumerate(nets):
        kind, name = KINDS[number % len(KINDS)], f"PO{number + 1}"
        plant(bank, kind, name, net, planted)
        if kind in ("late", "good"):
            late.add(net)
        if kind != "unknown":
            await pay(app, f"pi_{number}", net + 29)
            await told(app, f"pi_{number}", net + 29, fee=29, payout=name)
    await bank.sends(app, tmp_path, form, DAY)
    early = {minor for kind, state, _, minor in await found(app, DAY) if (kind, state) == ("payout_missing", "late")}
    assert {-minor for minor in early} >= {
        net for net in late if not any(e[0] == net for e in bank.papers[DAY].entries)
    }
    forward(app, DAYS + 4)
    await bank.sends(app, tmp_path, form, DAY + timedelta(days=9))
    told_now = await found(app, app.today())
    assert told_now == Counter({(kind, "open", day, minor): n for (kind, day, minor), n in planted.items()}), (
        f"seed {seed}"
    )
    async with app.db.reading() as conn:
        assert await verify.problems(conn) == []
