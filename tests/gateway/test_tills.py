"""Stripe, Paystack, Flutterwave and GoCardless over HTTP, each with books of its own to be judged by."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.approvals.tables import approval
from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys import approved
from core.journeys.follow import follow
from core.ledger import queries as ledger
from core.payments import collect, failed_debit, mandates, queries, redirect, refunds, request
from core.payments import doors as payment_doors
from core.payments.tables import attempt, collection, mandate, provider_event, receipt, refund
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, proven, receipts
from tests.gateway.tills_at_work import Work, tills_at_work

PAGES = ["stripe", "paystack", "flutterwave"]


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.fixture
def both(db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    """The same on both databases, where it is about what is kept and locked."""
    return App(clock, operator, db, settings, follow)


async def _linked(work: Work, minor: int = 120_050, number: str = "ACC100") -> tuple[Bill, str]:
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app, number)
        bill = await a_bill(conn, work.app, account_id, minor)
        link = await request.paylink(conn, work.app, account_id, invoice_id=bill.invoice_id, key=f"k{number}")
    return bill, link.token


def press_pay(work: Work, name: str) -> None:
    """They pay on the one page that is open."""
    till: Any = work.till(name)
    till.pay(next(iter(till.things)))


async def balance(app: App, code: str) -> int:
    async with app.db.reading() as conn:
        return await ledger.balance(conn, code, 0, "KES")


@pytest.mark.parametrize("name", PAGES)
async def test_a_link_is_paid_on_the_providers_page_once(app: App, name: str) -> None:
    async with tills_at_work(app, paylink=name) as work:
        bill, token = await _linked(work)
        pages = await asyncio.gather(*(redirect.start(work.app, token) for _ in range(2)))
        assert len(set(pages)) == 1
        assert pages[0].startswith("https://checkout.")
        press_pay(work, name)
        await work.idle()
        assert set(work.till(name).answers) == {200}
        assert (await opened(app, bill), await cash(app, name)) == ([0], 120_050)
        assert await attempts(app) == [("card", "succeeded", None)]
        await proven(app)


@pytest.mark.parametrize("name", PAGES)
async def test_an_answer_that_was_lost_is_found_again_and_not_asked_for_twice(app: App, name: str) -> None:
    async with tills_at_work(app, paylink=name) as work:
        bill, token = await _linked(work)
        till = work.till(name)
        till.manners.answer = "dropped_after"
        with pytest.raises(Exception, match="later"):
            await redirect.start(work.app, token)
        till.manners.answer, till.manners.calls = "given", 0
        press_pay(work, name)
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), len(await attempts(app))) == ([0], 1)
        assert [moved.minor for moved in till.truth] == [await cash(app, name)]


@pytest.mark.parametrize("name", PAGES)
async def test_what_surely_never_arrived_may_be_tried_again(app: App, name: str) -> None:
    async with tills_at_work(app, paylink=name) as work:
        _, token = await _linked(work)
        till = work.till(name)
        till.manners.answer = "dropped_before"
        with pytest.raises(Exception, match="later"):
            await redirect.start(work.app, token)
        till.manners.answer = "given"
        await payment_doors.poll(work.app)
        assert await attempts(app) == [("card", "failed", "never_arrived")]
        await redirect.start(work.app, token)
        assert [state for _, state, _ in await attempts(app)] == ["failed", "awaiting_customer"]


async def test_a_recorded_stripe_webhook_is_stale_after_five_minutes(app: App) -> None:
    async with tills_at_work(app) as work:
        body = b'{"id": "evt_1", "type": "x", "data": {"object": {}}}'
        headers = dict(work.stripe.signed(body))
        assert await work.post("stripe", body, headers) == 200
        work.forward(minutes=6)
        assert await work.post("stripe", body, headers) == 403


async def test_flutterwave_is_asked_and_its_own_answer_counts(app: App) -> None:
    async with tills_at_work(app, paylink="flutterwave") as work:
        bill, token = await _linked(work, 120_000)
        await redirect.start(work.app, token)
        [thing] = work.flutterwave.things.values()
        await work.flutterwave.post(work.flutterwave.event({**thing, "status": "successful", "amount": 9_000_000}))
        assert (await opened(app, bill), await cash(app, "flutterwave")) == ([120_000], 0), "it was only said"
        work.flutterwave.form = "v4"
        work.flutterwave.pay(thing["tx_ref"], amount=700)
        await work.idle()
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), await cash(app, "flutterwave")) == ([50_000], 70_000)
        await proven(app)


async def test_money_of_another_currency_is_left_for_a_person(app: App) -> None:
    async with tills_at_work(app, paylink="flutterwave") as work:
        _, token = await _linked(work)
        await redirect.start(work.app, token)
        [thing] = work.flutterwave.things.values()
        work.flutterwave.pay(thing["tx_ref"], currency="UGX")
        await work.idle()
        assert (await cash(app, "flutterwave"), (await attempts(app))[0][1]) == (0, "awaiting_customer")


# Refunds.


async def _paid(work: Work, name: str) -> tuple[Bill, int]:
    bill, token = await _linked(work, 120_000)
    await redirect.start(work.app, token)
    press_pay(work, name)
    await work.idle()
    async with work.app.db.reading() as conn:
        return bill, (await conn.execute(select(receipt.c.id))).scalar_one()


async def _ask(work: Work, receipt_id: int, minor: int, key: str = "r1", actor: str = "user:clerk") -> int:
    async with work.app.db.writing() as conn:
        return await refunds.ask(conn, work.app, receipt_id, amount_minor=minor, reason="asked", actor=actor, key=key)


async def _agree(work: Work, yes: bool = True) -> None:
    async with work.app.db.writing() as conn:
        row = (await conn.execute(select(approval).where(approval.c.state == "waiting"))).one()
        await approved.decide(conn, work.app, row.id, checker="user:boss", seen=row.seal, yes=yes)


async def _refunds(app: App) -> list[tuple[int, str]]:
    async with app.db.reading() as conn:
        rows = await conn.execute(select(refund.c.amount_minor, refund.c.state).order_by(refund.c.id))
        return [(row.amount_minor, row.state) for row in rows]


@pytest.mark.parametrize("name", PAGES)
async def test_a_refund_goes_back_the_way_the_money_came(both: App, name: str) -> None:
    async with tills_at_work(both, paylink=name) as work:
        bill, receipt_id = await _paid(work, name)
        await _ask(work, receipt_id, 50_000)
        assert (await opened(both, bill), await _refunds(both)) == ([0], [(50_000, "asked")])
        await _agree(work)
        assert (await opened(both, bill), await balance(both, "refunds")) == ([50_000], -50_000)
        await work.dispatch()
        await payment_doors.poll(work.app)
        work.forward(minutes=10)
        await payment_doors.poll(work.app)
        assert (await _refunds(both), await balance(both, "refunds")) == ([(50_000, "done")], 0)
        assert sum(moved.minor for moved in work.till(name).truth) == await cash(both, name) == 70_000
        await _ask(work, receipt_id, 70_000, "r2")
        await _agree(work)
        await work.dispatch()
        work.forward(minutes=10)
        await payment_doors.poll(work.app)
        assert (await opened(both, bill), await cash(both, name)) == ([120_000], 0)
        assert (await receipts(both))[0][2] == "reversed"


async def test_a_refund_whose_answer_was_lost_is_not_sent_twice(app: App) -> None:
    async with tills_at_work(app, paylink="stripe") as work:
        _, receipt_id = await _paid(work, "stripe")
        await _ask(work, receipt_id, 50_000)
        await _agree(work)
        work.stripe.manners.answer, work.stripe.manners.calls = "dropped_after", 0
        assert [one.state for one in await work.dispatch()] == ["unknown"]
        work.stripe.manners.answer = "given"
        await payment_doors.poll(work.app)
        assert await _refunds(app) == [(50_000, "done")]
        assert [moved.minor for moved in work.stripe.truth] == [120_000, -50_000]


async def test_a_refund_the_provider_refuses_puts_everything_back(app: App) -> None:
    async with tills_at_work(app, paylink="stripe") as work:
        bill, receipt_id = await _paid(work, "stripe")
        await _ask(work, receipt_id, 50_000)
        await _agree(work)
        intent = work.stripe.truth[0].txn
        work.stripe.things[intent]["amount_received"] = 100
        await work.dispatch()
        assert (await _refunds(app), await opened(app, bill)) == ([(50_000, "failed")], [0])
        assert (await balance(app, "refunds"), await cash(app, "stripe")) == (0, 120_000)
        await proven(app)


async def test_a_refund_made_on_the_providers_own_pages_opens_the_bill_again(app: App) -> None:
    async with tills_at_work(app, paylink="stripe") as work:
        bill, _ = await _paid(work, "stripe")
        thing = {
            "id": "re_1",
            "object": "refund",
            "status": "succeeded",
            "amount": 20_000,
            "currency": "kes",
            "payment_intent": work.stripe.truth[0].txn,
            "metadata": {},
        }
        for _ in range(3):
            await work.stripe.post(work.stripe.event("refund.created", thing))
        assert await opened(app, bill) == [20_000], "three events about one refund are one"


async def test_a_dispute_takes_the_money_and_winning_it_brings_it_back(app: App) -> None:
    async with tills_at_work(app, paylink="stripe") as work:
        bill, _ = await _paid(work, "stripe")
        intent = work.stripe.truth[0].txn
        work.stripe.dispute(intent)
        await work.idle()
        assert (await opened(app, bill), await cash(app, "stripe")) == ([120_000], 0)
        work.stripe.dispute(intent, won=True)
        await work.idle()
        assert (await opened(app, bill), await cash(app, "stripe")) == ([0], 120_000)
        await proven(app)


# Saved cards and mandates.


async def _mandated(work: Work, name: str, leaves: str, minor: int = 120_000) -> Bill:
    """They give a mandate on the provider's page, and a bill is planned under it."""
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
    url = await payment_doors.mandate_page(work.app, account_id, actor="customer:1")
    assert url.startswith("https://")
    if name == "stripe":
        work.stripe.save(next(iter(work.stripe.things)), leaves)
        await work.idle()
    else:
        work.gocardless.agree(next(iter(work.gocardless.things)), leaves)
        await work.gocardless.flush()
        await payment_doors.poll(work.app)
    async with work.app.db.writing() as conn:
        bill = await a_bill(conn, work.app, account_id, minor)
        assert list(await mandates.plan_collections(conn, work.app, [bill])) == [bill.invoice_id]
    return bill


async def _collected(work: Work, on: date = date(2026, 3, 23)) -> Counter[str]:
    work.forward(days=(on - work.app.today()).days)
    told = await collect.collect_due(work.app, on)
    await work.idle()
    return told


async def _plan(app: App) -> tuple[str, date, str]:
    query = select(collection.c.state, collection.c.collect_on, mandate.c.state).join_from(
        collection, mandate, collection.c.mandate_id == mandate.c.id
    )
    async with app.db.reading() as conn:
        row = (await conn.execute(query)).one()
    return row[0], row[1], row[2]


async def test_a_saved_card_is_charged_without_them(app: App) -> None:
    async with tills_at_work(app, mandates="stripe") as work:
        bill = await _mandated(work, "stripe", "pm_card")
        assert await _collected(work) == Counter(asked=1)
        assert (await opened(app, bill), await cash(app, "stripe")) == ([0], 120_000)
        assert len(work.stripe.truth) == 1


@pytest.mark.parametrize(
    ("card", "plan"),
    [
        ("pm_funds", ("planned", date(2026, 3, 30), "active")), ("pm_closed", ("failed", date(2026, 3, 23), "failed")),
        ("pm_authentication", ("failed", date(2026, 3, 23), "active")),
    ],
)  # fmt: skip
async def test_why_a_saved_card_was_refused_says_what_follows(app: App, card: str, plan: tuple[str, date, str]) -> None:
    async with tills_at_work(app, mandates="stripe") as work:
        bill = await _mandated(work, "stripe", card)
        assert await _collected(work) == Counter(failed=1)
        assert (await _plan(app), await opened(app, bill)) == (plan, [120_000])


async def test_a_gocardless_mandate_is_given_collected_and_taken_back_late(both: App) -> None:
    async with tills_at_work(both, mandates="gocardless") as work:
        bill = await _mandated(work, "gocardless", "MD1")
        assert await _collected(work, date(2026, 3, 16)) == Counter(asked=1), "four bank days ahead"
        [payment] = [one for one in work.gocardless.things.values() if one["id"].startswith("PM")]
        assert payment["charge_date"] == "2026-03-20", "a day of TARGET, though a holiday in Kenya"
        work.gocardless.banks()
        await work.gocardless.flush()
        assert (await opened(both, bill), await cash(both, "gocardless")) == ([0], 120_000)
        work.forward(weeks=8)
        work.gocardless.late(payment["id"])
        await work.gocardless.flush()
        assert (await opened(both, bill), await cash(both, "gocardless")) == ([120_000], 0)
        assert (await _plan(both))[0] == "failed"
        await proven(both)


async def test_a_debit_that_found_no_money_is_tried_again_on_a_day_of_its_schemes_banks(app: App) -> None:
    """20 March is a pay day here; Kenya's banks keep it as a holiday, the euro area's do not."""
    async with tills_at_work(app, mandates="gocardless") as work:
        pay_days = work.app.operator.direct_debit.model_copy(update={"pay_days": (20,)})
        rules = work.app.operator.model_copy(update={"direct_debit": pay_days})
        here = replace(work, app=replace(work.app, operator=rules))
        await _mandated(here, "gocardless", "MDFUNDS")
        await _collected(here, date(2026, 3, 16))
        work.gocardless.banks()
        await work.gocardless.flush()
        assert await _plan(app) == ("planned", date(2026, 3, 25), "active"), "the gateway's own rules"
        async with app.db.writing() as conn:
            tried = await queries.attempt_by(conn, attempt_id=(await conn.execute(select(attempt.c.id))).scalar_one())
            assert tried is not None
            assert await failed_debit.fell_through(conn, here.app, tried, "funds") == "retry"
        assert (await _plan(app))[1] == date(2026, 3, 20)


async def test_events_of_gocardless_out_of_order_and_doubled_end_the_same(both: App) -> None:
    async with tills_at_work(both, mandates="gocardless") as work:
        bill = await _mandated(work, "gocardless", "MD1")
        await _collected(work)
        work.gocardless.banks()
        [payment] = [one for one in work.gocardless.things.values() if one["id"].startswith("PM")]
        work.gocardless.late(payment["id"])
        work.gocardless.waiting = [*work.gocardless.waiting, *work.gocardless.waiting]
        await work.gocardless.flush(seed=3)
        work.forward(hours=2)
        for _ in range(3):
            await payment_doors.poll(work.app)
        assert (await opened(both, bill), await cash(both, "gocardless")) == ([120_000], 0)
        await proven(both)


async def test_a_webhook_of_two_hundred_and_fifty_events_is_taken_whole(app: App) -> None:
    async with tills_at_work(app) as work:
        for number in range(250):
            work.gocardless.event("payouts", "paid", payout=f"PO{number:06}", padding="x" * 250)
        await work.gocardless.flush()
        assert work.gocardless.answers == [200]
        while (await payment_doors.poll(work.app))["waiting"]:
            pass
        async with app.db.reading() as conn:
            states = (await conn.execute(select(provider_event.c.state))).scalars().all()
        assert Counter(states) == Counter(ignored=250)


async def test_a_collection_under_a_key_that_was_used_is_the_one_that_was_made(app: App) -> None:
    async with tills_at_work(app, mandates="gocardless") as work:
        await _mandated(work, "gocardless", "MD1")
        work.gocardless.manners.answer = "dropped_after"
        assert await _collected(work) == Counter(unknown=1)
        work.gocardless.manners.answer = "given"
        await payment_doors.poll(work.app)
        async with app.db.reading() as conn:
            row = (await conn.execute(select(attempt.c.provider_ref, attempt.c.state))).one()
        assert (row.provider_ref[:2], row.state) == ("PM", "awaiting_customer")
        assert len([one for one in work.gocardless.things if one.startswith("PM")]) == 1


def test_a_refund_of_four_eyes_is_the_default(app: App) -> None:
    assert app.operator.refunds.approve_above == "0"
    assert replace(app).operator.refunds.approval_days == timedelta(days=7).days
