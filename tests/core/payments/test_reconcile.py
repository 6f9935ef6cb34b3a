"""Ours, the provider's and the bank's: planted differences are all found, nothing else is, and no day closes with an unexplained cent."""

import asyncio
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from core.approvals.tables import approval
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Reconcile
from core.context import App
from core.db.engine import Database
from core.errors import BadInput, Refused
from core.journeys import approved, bank_statement
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.ledger import verify
from core.payments import receive
from core.payments.bank.tables import statement_entry
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn
from core.payments.named_rows import Ways
from core.payments.reconcile import close, explain, general_ledger, report, run
from core.payments.reconcile.model import KINDS, TO_DO, Ours, ReportLine, compare
from core.payments.reconcile.tables import difference, gl_summary, provider_line
from core.payments.reverse import reverse
from tests.core.payments.made import a_bill, an_account
from tests.core.payments.paper import IBAN, Paper

DAY = date(2026, 3, 10)


@pytest.fixture
def operator(operator: Operator) -> Operator:
    return operator.model_copy(update={"reconcile": Reconcile(grace_days=1, payout_days=3, bank_account=IBAN)})


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


def forward(app: App, days: int) -> None:
    assert isinstance(app.clock, SetClock)
    app.clock.forward(timedelta(days=days))


async def pay(app: App, txn: str, minor: int, provider: str = "stripe", account: str = "ACC100") -> int:
    got = ReceiptIn(provider, txn, "card", minor, "KES", app.clock.now(), reference=account)
    async with app.db.writing() as conn:
        taken = await receive.apply(conn, app, got)
        if taken.placed_now:
            await follow(conn, app, [PaymentReceived(taken.receipt_id)])
    return taken.receipt_id


async def told(
    app: App,
    txn: str,
    minor: int,
    *,
    fee: int = 0,
    net: int | None = None,
    kind: str = "payment",
    on: date = DAY,
    payout: str | None = "PO1",
    key: str = "",
    provider: str = "stripe",
) -> None:
    async with app.db.writing() as conn:
        await conn.execute(
            insert(provider_line).values(
                id=app.ids.take(),
                provider=provider,
                key=key or f"{kind}:{txn}",
                txn=txn,
                kind=kind,
                gross_minor=minor,
                fee_minor=fee,
                net_minor=minor - fee if net is None else net,
                currency="KES",
                happened_on=on,
                payout=payout,
            )
        )


async def matched(app: App, on: date = DAY) -> Counter[tuple[str, str]]:
    async with app.db.writing() as conn:
        await run.run(conn, app, on)
        rows = await conn.execute(select(difference.c.kind, difference.c.state).where(difference.c.day == on))
        return Counter((row.kind, row.state) for row in rows if row.state != "cleared")


async def balance(app: App, code: str) -> int:
    async with app.db.reading() as conn:
        return await ledger.balance(conn, code, 0, "KES")


async def statement(app: App, folder: Path, paper: Paper) -> None:
    await bank_statement.bring_in(app, paper.camt(folder))


async def opened_world(app: App) -> int:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        await a_bill(conn, app, account_id, 1_000_000)
    return account_id


async def test_a_day_on_which_all_three_agree_closes_and_its_money_is_in_the_bank(app: App, tmp_path: Path) -> None:
    await opened_world(app)
    for number in range(3):
        await pay(app, f"pi_{number}", 10_000)
        await told(app, f"pi_{number}", 10_000, fee=290)
    forward(app, 1)
    await statement(app, tmp_path, Paper(DAY + timedelta(days=1)).entry(29_130, "B1", purpose="STRIPE PO1"))
    assert await matched(app) == Counter()
    assert await matched(app, DAY + timedelta(days=1)) == Counter()
    assert (await balance(app, "bank"), await balance(app, "fees"), await balance(app, "cash:stripe")) == (
        29_130,
        870,
        0,
    )
    async with app.db.writing() as conn:
        await close.close(conn, app, DAY, actor="user:finance")
        kept = await close.closed(conn, DAY)
        assert await verify.problems(conn) == []
    [figures] = kept.figures
    assert (figures["received"], figures["reported"], figures["fees"], figures["unexplained"]) == (
        30_000,
        30_000,
        870,
        0,
    )


async def test_matching_again_and_again_changes_nothing(app: App, tmp_path: Path) -> None:
    await opened_world(app)
    await pay(app, "pi_1", 10_000)
    await told(app, "pi_1", 10_000, fee=290)
    forward(app, 1)
    await statement(app, tmp_path, Paper(DAY).entry(9_710, "B1", purpose="PO1").entry(-55, "B2", purpose="charges"))
    for _ in range(3):
        assert await matched(app) == Counter({("bank_unexplained", "open"): 1})
    assert (await balance(app, "bank"), await balance(app, "fees")) == (9_710, 290)


PLANTS = (
    "missing_there", "missing_here", "amount", "duplicate_there", "fees", "bank_unexplained", "payout_amount",
    "payout_missing",
)  # fmt: skip


@pytest.mark.parametrize(("seed", "count"), [(1, 40), pytest.param(2, 1_000, marks=pytest.mark.soak)])
async def test_planted_differences_are_all_found_with_their_money_and_nothing_else_is(
    single: App, tmp_path: Path, seed: int, count: int
) -> None:
    rng = random.Random(seed)
    await opened_world(single)
    planted: Counter[tuple[str, int]] = Counter()
    paper, payouts = Paper(DAY), {f"PO{number}": 0 for number in range(6)}
    for number in range(count):
        txn, minor, fee = f"pi_{number}", rng.randrange(100, 90_000), rng.randrange(90)
        payout = rng.choice(list(payouts))
        wrong = rng.choice((None, None, None, None, *PLANTS[:5]))
        if wrong != "missing_here":
            await pay(single, txn, minor)
        if wrong == "missing_there":
            planted["missing_there", -minor] += 1
            continue
        gross = minor + 7 if wrong == "amount" else minor
        net = gross - fee - (3 if wrong == "fees" else 0)
        for copy in range(2 if wrong == "duplicate_there" else 1):
            await told(single, txn, gross, fee=fee, net=net, payout=payout, key=f"{txn}-{copy}")
            payouts[payout] += net
        expected = {"missing_here": minor, "amount": 7, "duplicate_there": minor, "fees": -3}
        if wrong in expected:
            planted[wrong, expected[wrong]] += 1
    for name, net in payouts.items():
        wrong = {"PO1": "payout_missing", "PO2": "payout_amount"}.get(name)
        if wrong == "payout_missing":
            planted[wrong, -net] += 1
            continue
        paper.entry(net - (11 if wrong else 0), f"B{name}", purpose=f"payout {name}")
        if wrong:
            planted[wrong, -11] += 1
    for number in range(3):
        paper.entry(1_000 + number, f"X{number}", purpose="who knows")
        planted["bank_unexplained", 1_000 + number] += 1
    forward(single, 5)
    await statement(single, tmp_path, paper)
    async with single.db.writing() as conn:
        await run.run(conn, single, DAY)
        rows = await conn.execute(select(difference.c.kind, difference.c.amount_minor, difference.c.state))
        assert Counter((row.kind, row.amount_minor) for row in rows if row.state == "open") == planted, f"seed {seed}"
        with pytest.raises(Refused, match="not explained"):
            await close.close(conn, single, DAY, actor="user:finance")


async def test_what_is_late_comes_right_by_itself_or_is_missing(single: App) -> None:
    await opened_world(single)
    await pay(single, "pi_1", 500)
    await pay(single, "pi_2", 700)
    assert await matched(single) == Counter({("missing_there", "late"): 2})
    forward(single, 1)
    await told(single, "pi_1", 500, on=DAY, payout=None)
    assert await matched(single) == Counter({("missing_there", "late"): 1})
    forward(single, 1)
    assert await matched(single) == Counter({("missing_there", "open"): 1})


async def test_late_money_does_not_keep_a_day_open_and_missing_money_does(single: App) -> None:
    await opened_world(single)
    await pay(single, "pi_1", 500)
    forward(single, 1)
    async with single.db.writing() as conn:
        await close.close(conn, single, DAY, actor="user:finance")
    forward(single, 1)
    assert await run.run_recent(single) == 1
    async with single.db.writing() as conn:
        with pytest.raises(Refused, match="1 differences"):
            await close.close(conn, single, DAY + timedelta(days=1), actor="user:finance")


async def test_a_day_that_is_not_over_does_not_close(single: App) -> None:
    async with single.db.writing() as conn:
        with pytest.raises(Refused, match="not over"):
            await close.close(conn, single, single.today(), actor="user:finance")


async def test_a_charge_back_is_expected_of_the_provider_too(single: App) -> None:
    await opened_world(single)
    receipt_id = await pay(single, "pi_1", 500)
    await told(single, "pi_1", 500, payout=None)
    forward(single, 3)
    async with single.db.writing() as conn:
        await reverse(conn, single, receipt_id, key="stripe:dp_1", kind="chargeback", reason="fraud")
    assert await matched(single, single.today()) == Counter()
    assert await matched(single) == Counter({("amount", "open"): 1})
    await told(single, "pi_1", -500, kind="chargeback", on=single.today(), payout=None)
    assert await matched(single) == Counter()


async def test_a_small_difference_is_explained_by_one_person_and_booked(single: App, tmp_path: Path) -> None:
    await opened_world(single)
    forward(single, 1)
    await statement(single, tmp_path, Paper(DAY).entry(-55, "B2", purpose="charges"))
    await matched(single)
    async with single.db.writing() as conn:
        row = (await conn.execute(select(difference))).one()
        with pytest.raises(Refused, match="few words"):
            await explain.explain(conn, single, row.id, note="x", actor="user:finance")
        assert await explain.explain(conn, single, row.id, note="bank charges", actor="user:finance") == "explained"
        with pytest.raises(Refused):
            await explain.explain(conn, single, row.id, note="bank charges", actor="user:finance")
    assert (await balance(single, "bank"), await balance(single, "over_short")) == (-55, 55)
    assert await matched(single) == Counter({("bank_unexplained", "explained"): 1})
    async with single.db.writing() as conn:
        await close.close(conn, single, DAY, actor="user:finance")


async def test_a_large_difference_needs_a_second_person(single: App) -> None:
    await opened_world(single)
    await pay(single, "pi_1", 50_000)
    forward(single, 3)
    await matched(single)
    async with single.db.writing() as conn:
        row = (await conn.execute(select(difference))).one()
        assert await explain.explain(conn, single, row.id, note="never came", actor="user:a") == "asked"
        waits = (await conn.execute(select(approval))).one()
        with pytest.raises(Refused, match="yourself"):
            await approved.decide(conn, single, waits.id, checker="user:a", seen=waits.seal, yes=True)
        with pytest.raises(Refused, match="not explained"):
            await close.close(conn, single, DAY, actor="user:b")
        await approved.decide(conn, single, waits.id, checker="user:b", seen=waits.seal, yes=True)
        await close.close(conn, single, DAY, actor="user:b")
    assert (await balance(single, "cash:stripe"), await balance(single, "over_short")) == (0, 50_000)


async def test_a_no_opens_it_again(single: App) -> None:
    await opened_world(single)
    await pay(single, "pi_1", 50_000)
    forward(single, 3)
    await matched(single)
    async with single.db.writing() as conn:
        row = (await conn.execute(select(difference))).one()
        await explain.explain(conn, single, row.id, note="never came", actor="user:a")
        waits = (await conn.execute(select(approval))).one()
        await approved.decide(conn, single, waits.id, checker="user:b", seen=waits.seal, yes=False)
        assert (await conn.execute(select(difference.c.state))).scalar_one() == "open"


async def test_a_providers_report_is_taken_once_and_its_wrong_rows_are_told(single: App, tmp_path: Path) -> None:
    file = tmp_path / "stripe.csv"
    file.write_text(
        "Receipt No.,amount,fee,date,payout\npi_1,100.00,2.90,2026-03-10,PO1\npi_1,100.00,2.90,2026-03-10,PO1\n"
        "pi_2,x,0,2026-03-10,PO1\n,5,0,2026-03-10,\npi_3,1,0,yesterday,\n"
    )
    first = await report.bring_in(single, file, "stripe", ways=Ways({"txn": "Receipt No."}))
    again = await report.bring_in(single, file, "stripe", ways=Ways({"txn": "Receipt No."}))
    assert (first.new, [row for row, _ in first.rejected], again.new, again.known) == (2, [4, 5, 6], 0, 2)
    with pytest.raises(BadInput, match="no column txn"):
        await report.bring_in(single, file, "stripe")


async def test_the_general_ledger_gets_a_balanced_numbered_summary_and_the_same_one_again(app: App) -> None:
    await opened_world(app)
    await pay(app, "pi_1", 500)
    async with app.db.writing() as conn:
        with pytest.raises(Refused, match="not over"):
            await general_ledger.summarise(conn, app, DAY)
    forward(app, 1)
    await pay(app, "pi_2", 700)
    forward(app, 1)
    async with app.db.writing() as conn:
        first = await general_ledger.summarise(conn, app, DAY)
        second = await general_ledger.summarise(conn, app, DAY + timedelta(days=1))
    async with app.db.writing() as conn:
        assert await general_ledger.summarise(conn, app, DAY) == first
    assert [one.number for one in (*first, *second)] == [1, 2]
    assert {line[0]: line[2:] for line in second[0].lines} == {"cash:stripe": (700, 0), "receivable": (0, 700)}
    for one in (*first, *second):
        assert sum(line[2] for line in one.lines) == sum(line[3] for line in one.lines)
    assert "2,2026-03-11,1,cash:stripe,KES,7.00,0.00" in general_ledger.as_csv(second)


async def test_two_who_ask_for_a_summary_at_once_get_the_same_one_under_one_number(app: App) -> None:
    await opened_world(app)
    await pay(app, "pi_1", 500)
    forward(app, 1)

    async def ask(on: date) -> list[general_ledger.Summary]:
        async with app.db.writing() as conn:
            return await general_ledger.summarise(conn, app, on)

    days = (DAY, DAY, DAY, DAY - timedelta(days=1), DAY - timedelta(days=1))
    made = await asyncio.gather(*(ask(day) for day in days))
    assert made[0] == made[1] == made[2] and made[3] == made[4]
    assert {one.number for same in made for one in same} == {1, 2}
    async with app.db.writing() as conn:
        assert await general_ledger.problems(conn) == []
        await conn.execute(gl_summary.delete().where(gl_summary.c.number == 1))
        assert await general_ledger.problems(conn) == ["summary number 1 is missing or was never given"]


def test_every_kind_of_difference_says_what_to_do() -> None:
    assert TO_DO.keys() == KINDS.keys()


async def test_what_is_posted_on_a_day_afterwards_comes_as_a_revision_of_the_rest(single: App) -> None:
    from core.ledger.model import Book, Posting
    from core.ledger.post import post

    await opened_world(single)
    forward(single, 1)
    async with single.db.writing() as conn:
        await general_ledger.summarise(conn, single, DAY)
        late = [Posting(Book("suspense"), Book("cash:stripe"), 33, "KES", "late")]
        await post(conn, single, key="late", kind="late", booked_on=DAY, postings=late)
        made = await general_ledger.summarise(conn, single, DAY)
    assert [(one.number, one.revision) for one in made] == [(1, 1), (2, 2)]
    assert made[1].lines == (("cash:stripe", "KES", 33, 0), ("suspense", "KES", 0, 33))


async def test_a_transfer_and_a_debit_are_matched_with_their_receipts(single: App, tmp_path: Path) -> None:
    await opened_world(single)
    await statement(single, tmp_path, Paper(DAY).entry(5_000, "B1", purpose="ACC100"))
    assert await matched(single) == Counter()
    async with single.db.reading() as conn:
        assert (await conn.execute(select(statement_entry.c.matched))).scalar_one().startswith("receipt:")
    assert (await balance(single, "bank"), await balance(single, "cash:bank")) == (5_000, 0)


def test_alike_refunds_are_no_doubles_and_alike_payments_are() -> None:
    one = [Ours("p", "t", 900, 200, DAY)]
    pay_line = ReportLine("p", "a", "t", "payment", 900, 0, 900, DAY)
    refunds = [ReportLine("p", f"r{number}", "t", "refund", -100, 0, -100, DAY) for number in range(2)]
    about = {"today": DAY, "grace": timedelta(days=1), "reported_until": {"p": DAY}}
    assert compare(one, [pay_line, *refunds], **about) == []
    doubled = compare(one, [pay_line, pay_line, *refunds], **about)
    assert [(found.kind, found.amount_minor) for found in doubled] == [("duplicate_there", 900)]


async def test_sums_of_branches_are_the_sums_of_the_house_on_random_days(single: App) -> None:
    rng = random.Random(7)
    async with single.db.writing() as conn:
        for number in range(4):
            await an_account(conn, single, f"ACC{number}")
    total = 0
    for day in range(10):
        receipts = [
            await pay(
                single,
                f"t{day}-{number}",
                rng.randrange(1, 9_999),
                rng.choice(("stripe", "daraja")),
                f"ACC{rng.randrange(5)}",
            )
            for number in range(3)
        ]
        if day % 3 == 0:
            async with single.db.writing() as conn:
                await reverse(conn, single, receipts[0], key=f"r{day}", kind="refund", reason="x")
        async with single.db.reading() as conn:
            found = await close.channels(conn, single.today())
        total += sum(one.received - one.taken_back for one in found)
        forward(single, 1)
    assert total == await balance(single, "cash:stripe") + await balance(single, "cash:daraja")


async def test_a_day_is_the_operators_and_not_utc(single: App) -> None:
    assert isinstance(single.clock, SetClock)
    single.clock.instant = datetime(2026, 3, 10, 21, 30, tzinfo=UTC)
    await opened_world(single)
    await pay(single, "pi_1", 500)
    async with single.db.reading() as conn:
        assert [one.received for one in await close.channels(conn, date(2026, 3, 11))] == [500]
        assert await close.channels(conn, DAY) == []


async def test_what_was_explained_stays_explained_until_its_amount_changes(single: App) -> None:
    await opened_world(single)
    await pay(single, "pi_1", 50)
    forward(single, 3)
    await matched(single)
    async with single.db.writing() as conn:
        row = (await conn.execute(select(difference))).one()
        await explain.explain(conn, single, row.id, note="a test payment", actor="user:a")
    assert await matched(single) == Counter({("missing_there", "explained"): 1})
    async with single.db.writing() as conn:
        await conn.execute(update(difference).values(amount_minor=-40))
    assert await matched(single) == Counter({("missing_there", "open"): 1})
