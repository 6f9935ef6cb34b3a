"""Putting receipts right: given back, taken off a bill, moved, claimed; and who may agree to what."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from core.approvals import decide as approvals
from core.approvals.model import seal
from core.approvals.tables import approval
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.config.payments import Refunds
from core.context import App
from core.db.engine import Database
from core.errors import Refused
from core.journeys import approved, money_received
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.ledger import verify
from core.outbox.queue import outbox
from core.parties.tables import account
from core.payments import allocate, first_attempt_rate, receive, refunds, trace, transfer
from core.payments.facts import PaymentReceived
from core.payments.model import ReceiptIn
from core.payments.reverse import reverse, undone
from core.payments.tables import attempt, payment_request, receipt, refund
from tests.core.payments.made import Bill, a_bill, an_account, opened, owed, proven

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


async def take(app: App, txn: str, minor: int, reference: str = "ACC100", provider: str = "bank") -> int:
    got = ReceiptIn(provider, txn, "bank_transfer", minor, "KES", NOW, reference=reference)
    async with app.db.writing() as conn:
        taken = await receive.apply(conn, app, got)
        if taken.placed_now:
            await follow(conn, app, [PaymentReceived(taken.receipt_id)])
    return taken.receipt_id


async def _two(app: App, first: int = 500, second: int = 300) -> tuple[Bill, Bill]:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        older = await a_bill(conn, app, account_id, first, due_on=date(2026, 3, 1))
        return older, await a_bill(conn, app, account_id, second)


async def _ask(app: App, receipt_id: int, minor: int, key: str = "k", actor: str = "user:a") -> int:
    async with app.db.writing() as conn:
        return await refunds.ask(conn, app, receipt_id, amount_minor=minor, reason="asked", actor=actor, key=key)


async def _waits(app: App) -> tuple[int, str]:
    async with app.db.reading() as conn:
        row = (await conn.execute(select(approval.c.id, approval.c.seal).where(approval.c.state == "waiting"))).one()
    return row.id, row.seal


async def _decide(app: App, checker: str = "user:b", yes: bool = True, seen: str | None = None) -> None:
    waits, mark = await _waits(app)
    async with app.db.writing() as conn:
        await approved.decide(conn, app, waits, checker=checker, seen=seen or mark, yes=yes)


def test_money_that_goes_back_gives_up_credit_then_the_latest_bill_then_what_it_bought() -> None:
    shares = [(1, 100), (9, 40), (2, 50), (None, 30)]
    assert undone(shares, 20, {1, 2}) == [(None, 20)]
    assert undone(shares, 90, {1, 2}) == [(None, 30), (2, 50), (1, 10)]
    assert undone(shares, 220, {1, 2}) == [(None, 30), (2, 50), (1, 100), (9, 40)]
    assert undone([], 220, set()) == []


async def test_part_of_a_receipt_taken_back_opens_the_bill_it_paid_last(app: App) -> None:
    older, younger = await _two(app)
    receipt_id = await take(app, "T1", 850)
    async with app.db.writing() as conn:
        assert await reverse(conn, app, receipt_id, key="r1", kind="chargeback", reason="x", amount_minor=200)
        assert await reverse(conn, app, receipt_id, key="r2", kind="chargeback", reason="x", amount_minor=9_999)
        assert not await reverse(conn, app, receipt_id, key="r3", kind="chargeback", reason="x", amount_minor=1)
    assert (await opened(app, older, younger), await owed(app, older.account_id)) == ([500, 300], 800)
    await proven(app)


async def test_a_refund_waits_for_another_person_and_then_for_a_transfer(app: App) -> None:
    older, younger = await _two(app)
    receipt_id = await take(app, "T1", 850)
    refund_id = await _ask(app, receipt_id, 100)
    assert await _ask(app, receipt_id, 100) == refund_id, "the same form"
    with pytest.raises(Refused, match="yourself"):
        await _decide(app, "user:a")
    with pytest.raises(Refused, match="changed"):
        await _decide(app, seen="0" * 64)
    await _decide(app)
    with pytest.raises(Refused, match="decided already"):
        async with app.db.writing() as conn:
            row = (await conn.execute(select(approval))).one()
            await approved.decide(conn, app, row.id, checker="user:c", seen=row.seal, yes=True)
    assert (await opened(app, older, younger), await owed(app, older.account_id)) == ([0, 50], 50)
    async with app.db.writing() as conn:
        with pytest.raises(Refused):
            await refunds.paid_by_hand(conn, app, refund_id, reference=" ", actor="user:a")
        await refunds.paid_by_hand(conn, app, refund_id, reference="TRF-1", actor="user:a")
        with pytest.raises(Refused):
            await refunds.paid_by_hand(conn, app, refund_id, reference="TRF-1", actor="user:a")
        assert await ledger.balance(conn, "refunds", 0, "KES") == 0
        assert await ledger.balance(conn, "bank", 0, "KES") == -100
        assert await verify.problems(conn) == []
    await proven(app)


async def test_more_than_was_paid_is_never_given_back_however_it_is_asked(app: App) -> None:
    await _two(app)
    receipt_id = await take(app, "T1", 500)

    async def one(number: int) -> int:
        return await _ask(app, receipt_id, 200, f"k{number}")

    told = await asyncio.gather(*(one(number) for number in range(5)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Refused"] * 3 + ["int"] * 2
    for wrong in (0, -5, 101):
        with pytest.raises(Refused, match="Only KES 1 of this"):
            await _ask(app, receipt_id, wrong, f"w{wrong}")


async def test_what_was_edited_after_it_was_asked_for_cannot_be_agreed_to(single: App) -> None:
    await _two(single)
    await _ask(single, await take(single, "T1", 500), 200)
    async with single.db.writing() as conn:
        payload = {"refund": "1", "amount": "9999.00"}
        await conn.execute(update(approval).values(payload=payload))
    with pytest.raises(Refused, match="changed"):
        await _decide(single)
    assert seal({"a": 1, "b": 2}) == seal({"b": 2, "a": 1}) != seal({"a": 1, "b": 3})


async def test_a_no_leaves_everything_as_it_was(single: App) -> None:
    older, younger = await _two(single)
    receipt_id = await take(single, "T1", 500)
    await _ask(single, receipt_id, 200)
    await _decide(single, yes=False)
    assert await opened(single, older, younger) == [0, 300]
    assert await _ask(single, receipt_id, 500, "again")


async def test_an_old_request_is_no_longer_agreed_to(single: App) -> None:
    await _two(single)
    await _ask(single, await take(single, "T1", 500), 200)
    assert isinstance(single.clock, SetClock)
    single.clock.forward(timedelta(days=8))
    with pytest.raises(Refused, match="expired"):
        await _decide(single)


async def test_below_the_operators_limit_one_person_suffices(single: App) -> None:
    older, younger = await _two(single)
    policy = single.operator.model_copy(update={"refunds": Refunds(approve_above="1.00")})
    eased = replace(single, operator=policy)
    receipt_id = await take(eased, "T1", 800)
    await _ask(eased, receipt_id, 100)
    assert await opened(eased, older, younger) == [0, 100]
    await _ask(eased, receipt_id, 101, "k2")
    assert await opened(eased, older, younger) == [0, 100]
    async with eased.db.reading() as conn:
        assert len(await approvals.waiting(conn)) == 1


async def test_money_in_suspense_is_nobodys_to_give_back(single: App) -> None:
    receipt_id = await take(single, "T1", 500, "NOBODY")
    with pytest.raises(Refused, match="belongs to nobody"):
        await _ask(single, receipt_id, 100)


async def test_a_receipt_is_taken_off_a_bill_and_becomes_credit(single: App) -> None:
    older, younger = await _two(single)
    receipt_id = await take(single, "T1", 600)
    async with single.db.writing() as conn:
        assert await transfer.unapply(conn, single, receipt_id, older.invoice_id, actor="user:a") == 500
        with pytest.raises(Refused, match="nothing"):
            await transfer.unapply(conn, single, receipt_id, older.invoice_id, actor="user:a")
    assert (await opened(single, older, younger), await owed(single, older.account_id)) == ([500, 200], 200)
    await proven(single)


async def test_a_receipt_moves_to_the_right_account_with_all_it_paid(app: App) -> None:
    older, younger = await _two(app)
    async with app.db.writing() as conn:
        other = await an_account(conn, app, "ACC200")
        hers = await a_bill(conn, app, other, 700)
        await an_account(conn, app, "UGX1", currency="UGX")
    receipt_id = await take(app, "T1", 600)
    async with app.db.writing() as conn:
        for wrong in ("ACC100", "NOBODY", "UGX1"):
            with pytest.raises(Refused):
                await money_received.moved(conn, app, receipt_id, wrong, actor="user:a", reason="typed wrongly")
        await money_received.moved(conn, app, receipt_id, "ACC200", actor="user:a", reason="typed wrongly")
    assert await opened(app, older, younger, hers) == [500, 300, 100]
    assert (await owed(app, older.account_id), await owed(app, other)) == (800, 100)
    async with app.db.writing() as conn:
        await money_received.moved(conn, app, receipt_id, "ACC100", actor="user:a", reason="and back")
        assert await verify.problems(conn) == []
    assert await opened(app, older, younger, hers) == [0, 200, 700]
    await proven(app)


async def test_what_is_being_given_back_does_not_move(single: App) -> None:
    await _two(single)
    receipt_id = await take(single, "T1", 600)
    async with single.db.writing() as conn:
        await an_account(conn, single, "ACC200")
    await _ask(single, receipt_id, 100)
    with pytest.raises(Refused, match="nothing"):
        async with single.db.writing() as conn:
            await transfer.move(conn, single, receipt_id, "ACC200", actor="user:a", reason="x")


async def test_what_she_typed_claims_her_money_only_with_the_right_amount_and_only_if_it_is_the_only_one(
    single: App,
) -> None:
    older, _ = await _two(single)
    await take(single, "T1", 500, "Amina March")
    async with single.db.writing() as conn:
        for amount in (None, 499):
            with pytest.raises(Refused, match="do not hold"):
                await money_received.claimed(conn, single, older.account_id, "amina march", "c:1", amount_minor=amount)
    await take(single, "T2", 500, "Amina March")
    async with single.db.writing() as conn:
        with pytest.raises(Refused):
            await money_received.claimed(conn, single, older.account_id, "amina march", "c:1", amount_minor=500)
        await money_received.claimed(conn, single, older.account_id, "t2", "c:1")
        await money_received.claimed(conn, single, older.account_id, " AMINA march", "c:1", amount_minor=500)
    await proven(single)


async def test_where_is_my_payment_is_answered_for_ones_own_account_alone(single: App) -> None:
    older, _ = await _two(single)
    async with single.db.writing() as conn:
        other = await an_account(conn, single, "ACC200")
    await take(single, "T1", 500)
    await take(single, "T9", 500, "NOBODY")
    async with single.db.reading() as conn:
        hers = await trace.trace(conn, older.account_id, " t1 ")
        assert (hers.state if hers else "", await trace.trace(conn, other, "T1")) == ("settled", None)
        lost = await trace.trace(conn, other, "T9")
        assert lost is not None
        assert lost.state == "unclaimed"


@pytest.mark.parametrize("count", [40, pytest.param(5_000, marks=pytest.mark.soak)])
async def test_random_steps_leave_the_books_true(single: App, count: int) -> None:
    """Unapply, move, take back, let credit pay, in any order."""
    rng = random.Random(11)
    bills: list[Bill] = []
    async with single.db.writing() as conn:
        for number in range(3):
            account_id = await an_account(conn, single, f"ACC{number}")
            bills += [await a_bill(conn, single, account_id, rng.randrange(100, 900)) for _ in range(4)]
    receipts = [await take(single, f"T{number}", rng.randrange(50, 1_500), f"ACC{number % 3}") for number in range(12)]
    steps: list[Callable[[int], Awaitable[object]]] = []

    async def unapply(receipt_id: int) -> None:
        async with single.db.writing() as conn:
            await transfer.unapply(conn, single, receipt_id, rng.choice(bills).invoice_id, actor="user:a")

    async def moved(receipt_id: int) -> None:
        async with single.db.writing() as conn:
            await money_received.moved(conn, single, receipt_id, f"ACC{rng.randrange(3)}", actor="user:a", reason="x")

    async def back(receipt_id: int) -> None:
        async with single.db.writing() as conn:
            amount = rng.randrange(1, 60)
            await reverse(
                conn, single, receipt_id, key=f"r{rng.random()}", kind="refund", reason="x", amount_minor=amount
            )

    async def credit(_: int) -> None:
        async with single.db.writing() as conn:
            await allocate.apply_credit(conn, single, bills)

    steps = [unapply, moved, back, credit]
    for _ in range(count):
        try:
            await rng.choice(steps)(rng.choice(receipts))
        except Refused:
            continue
    async with single.db.reading() as conn:
        assert await verify.problems(conn) == []
        left = (await conn.execute(select(func.sum(receipt.c.amount_minor - receipt.c.reversed_minor)))).scalar_one()
        assert await ledger.balance(conn, "cash:bank", 0, "KES") == left
        assert (await conn.execute(select(func.count()).select_from(refund))).scalar_one() == 0
    await proven(single)


async def test_first_tries_are_counted_by_method_and_by_reminder(app: App) -> None:
    older, younger = await _two(app)
    async with app.db.writing() as conn:
        for number, (invoice_id, state) in enumerate(
            [(older.invoice_id, "succeeded"), (younger.invoice_id, "failed"), (None, "awaiting_customer")]
        ):
            request_id = app.ids.take()
            await conn.execute(
                insert(payment_request).values(
                    id=request_id,
                    key=f"r{number}",
                    kind="collection",
                    account_id=older.account_id,
                    invoice_id=invoice_id,
                    currency="KES",
                    state="open",
                    created_at=NOW,
                )
            )
            for again in range(2 if state == "failed" else 1):
                await conn.execute(
                    insert(attempt).values(
                        id=app.ids.take(),
                        key=f"a{number}-{again}",
                        request_id=request_id,
                        method="direct_debit",
                        account_id=older.account_id,
                        provider="sandbox",
                        amount_minor=5,
                        currency="KES",
                        polls=0,
                        state="succeeded" if again else state,
                        created_at=NOW,
                    )
                )
        await conn.execute(
            insert(outbox).values(
                id=app.ids.take(),
                key="rem",
                kind="notice",
                template="notice.reminder",
                subject_id=older.invoice_id,
                params={},
                priority=5,
                resend_unknown=True,
                not_before=NOW,
                state="delivered",
                attempts=1,
                created_at=NOW - timedelta(days=3),
            )
        )
    async with app.db.reading() as conn:
        today, branches = app.today(), list((await conn.execute(select(account.c.branch_id))).scalars())
        span = (today - timedelta(days=2), today + timedelta(days=1))
        found = await first_attempt_rate.first_tries(conn, app, *span)
        days = await first_attempt_rate.by_day(conn, app, *span)
        elsewhere = await first_attempt_rate.first_tries(conn, app, *span, branch_id=branches[0] + 1)
        everybody = app.operator.notices.model_copy(update={"reminder_holdout": 50})
        told = replace(app, operator=app.operator.model_copy(update={"notices": everybody}))
        arms = {one.arm for one in await first_attempt_rate.first_tries(conn, told, *span)}
    assert [(one.method, one.arm, one.tries, one.percent) for one in found] == [
        ("direct_debit", "no", 1, "0.0"),
        ("direct_debit", "yes", 1, "100.0"),
    ]
    assert [(one.on, one.tries, one.succeeded) for one in days][-1] == (today, 2, 1)
    assert [one.tries for one in days] == [0, 0, 2]
    assert elsewhere == []
    assert arms == {"yes", "left out" if first_attempt_rate.left_out(older.account_id, 50) else "no"}
