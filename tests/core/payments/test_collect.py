"""Mandates and collecting under them: bank days, undisputed amounts, one debit per bill, failures told."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from core import bankdays
from core.context import App
from core.errors import Refused
from core.ledger.tables import open_item
from core.outbox.queue import outbox
from core.payments import collect, mandates, redirect, request
from core.payments import doors as payment_doors
from core.payments.tables import collection, mandate
from tests.core.payments.made import DUE, Bill, a_bill, an_account, attempts, cash, opened, proven
from tests.gateway.payments_at_work import Work, at_work


async def _planned(
    work: Work, minor: int = 120_000, *, disputed: int = 0, bank: str = "BANK-1", number: str = "ACC100"
) -> Bill:
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app, number)
        reference = await mandates.create(
            conn, work.app, account_id, masked="bank ****1234", actor="user:amina", provider_ref=bank
        )
        await mandates.activate(conn, work.app, reference, actor="user:amina")
        bill = await a_bill(conn, work.app, account_id, minor, disputed=disputed)
        assert await mandates.plan_collections(conn, work.app, [bill]) == {bill.invoice_id: DUE + timedelta(days=3)}
    return bill


async def states(app: App) -> list[str]:
    async with app.db.reading() as conn:
        return list((await conn.execute(select(collection.c.state).order_by(collection.c.id))).scalars())


async def failed_notices(app: App) -> int:
    async with app.db.reading() as conn:
        query = select(outbox.c.key).where(outbox.c.template == "notice.failed")
        return len((await conn.execute(query)).all())


async def due(work: Work, on: date = DUE + timedelta(days=3)) -> Counter[str]:
    told = await collect.collect_due(work.app, on)
    await work.idle()
    return told


def test_a_debit_falls_on_a_bank_business_day() -> None:
    assert bankdays.on_or_after(date(2026, 12, 24), "KE") == date(2026, 12, 24)
    assert bankdays.on_or_after(date(2026, 12, 25), "KE") == date(2026, 12, 28), "Christmas, Boxing Day, Sunday"
    assert bankdays.on_or_after(date(2026, 3, 7), "KE") == date(2026, 3, 9)
    assert bankdays.on_or_after(date(2026, 3, 7), "XX") == date(2026, 3, 9)


async def test_what_is_due_is_collected_on_its_day_and_not_before(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work)
        assert await due(work, DUE) == Counter()
        assert await due(work) == Counter(asked=1)
        assert (await opened(app, bill), await states(app)) == ([0], ["done"])
        assert await due(work) == Counter()
        assert await cash(app, "sandbox") == 120_000
        await proven(app)


async def test_only_the_undisputed_part_is_collected(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work, disputed=20_000)
        await due(work)
        assert (await opened(app, bill), await cash(app, "sandbox")) == ([20_000], 100_000)


async def test_a_bill_that_is_disputed_whole_waits_and_one_that_is_paid_is_dropped(app: App) -> None:
    async with at_work(app) as work:
        disputed = await _planned(work)
        async with app.db.writing() as conn:
            await conn.execute(update(open_item).values(disputed_minor=120_000))
        assert await due(work) == Counter(left=1)
        async with app.db.writing() as conn:
            await conn.execute(
                update(open_item)
                .where(open_item.c.invoice_id == disputed.invoice_id)
                .values(open_minor=0, disputed_minor=0)
            )
        assert await due(work) == Counter(dropped=1)
        assert (await states(app), work.sandbox.books.all()) == (["dropped"], [])


async def test_a_failed_debit_that_is_tried_again_says_nothing_yet(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work, bank="BANK-9001")
        await due(work)
        assert await attempts(app) == [("direct_debit", "failed", "funds")]
        assert (await states(app), await failed_notices(app)) == (["planned"], 0)
        assert (await opened(app, bill), await due(work)) == ([120_000], Counter()), "not again on the same day"


async def test_an_operator_may_want_each_failed_try_told(app: App) -> None:
    debit = app.operator.direct_debit.model_copy(update={"tell": "each"})
    told = replace(app, operator=app.operator.model_copy(update={"direct_debit": debit}))
    async with at_work(told) as work:
        await _planned(work, bank="BANK-9001")
        await due(work)
        assert (await states(app), await failed_notices(app)) == (["planned"], 1)


async def test_with_no_retries_the_first_try_is_the_last(app: App) -> None:
    debit = app.operator.direct_debit.model_copy(update={"retries": 0})
    strict = replace(app, operator=app.operator.model_copy(update={"direct_debit": debit}))
    async with at_work(strict) as work:
        await _planned(work, bank="BANK-9001")
        await due(work)
        assert (await states(app), await failed_notices(app)) == (["failed"], 1)


async def test_a_debit_that_found_no_money_is_tried_again_on_pay_days_and_told_when_the_last_try_failed(
    app: App,
) -> None:
    async with at_work(app) as work:
        await _planned(work, bank="BANK-9001")
        days, told = [], []
        for _ in range(3):
            async with app.db.reading() as conn:
                days.append((await conn.execute(select(collection.c.collect_on))).scalar_one())
            work.forward(days=(days[-1] - app.today()).days)
            assert await due(work, app.today()) == Counter(asked=1)
            told.append(await failed_notices(app))
        assert days == [DUE + timedelta(days=3), date(2026, 3, 30), date(2026, 4, 7)]
        assert (await states(app), told) == (["failed"], [0, 0, 1])
        assert await due(work, app.today() + timedelta(days=60)) == Counter()


async def test_a_failed_debit_says_nothing_when_the_bill_is_paid_meanwhile(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work, bank="BANK-9001")
        work.sandbox.prompt_seconds = 0.3
        await collect.collect_due(work.app, DUE + timedelta(days=3))
        async with app.db.writing() as conn:
            await conn.execute(update(open_item).where(open_item.c.invoice_id == bill.invoice_id).values(open_minor=0))
        await work.idle()
        assert (await attempts(app), await failed_notices(app)) == ([("direct_debit", "failed", "funds")], 0)


async def test_two_schedulers_collect_once(app: App) -> None:
    async with at_work(app) as work:
        for number in range(4):
            await _planned(work, number=f"ACC{number}")
        told = await asyncio.gather(*(due(work) for _ in range(3)))
        assert sum(one["asked"] for one in told) == 4
        assert len(work.sandbox.books.all()) == 4


async def test_a_debit_in_doubt_is_not_asked_for_again(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work, bank="BANK-9005")
        work.sandbox.manners.behave({"answer": "dropped_after", "calls": 0})
        assert await due(work) == Counter(unknown=1)
        assert await due(work) == Counter()
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), len(work.sandbox.books.all())) == ([0], 1)


async def test_a_debit_proven_never_to_have_arrived_is_due_again(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work)
        work.sandbox.manners.behave({"answer": "dropped_before", "times": 1})
        assert await due(work) == Counter(unknown=1)
        await payment_doors.poll(work.app)
        assert await states(app) == ["asked"], "it may still be on its way"
        work.forward(minutes=6)
        await payment_doors.poll(work.app)
        assert (await states(app), await failed_notices(app)) == (["planned"], 0)
        assert await due(work) == Counter(asked=1)
        assert await opened(app, bill) == [0]


async def test_while_we_collect_a_link_does_not_charge_and_the_other_way_round(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work)
        async with app.db.writing() as conn:
            link = await request.paylink(conn, work.app, bill.account_id, invoice_id=bill.invoice_id, key="k")
        await redirect.start(work.app, link.token)
        assert await due(work) == Counter(left=1)
        work.forward(hours=1)
        await payment_doors.poll(work.app)
        work.sandbox.prompt_seconds = 0.3
        assert await collect.collect_due(work.app, DUE + timedelta(days=3)) == Counter(asked=1)
        with pytest.raises(Refused, match=r"payments\.link\.collecting"):
            await redirect.start(work.app, link.token)
        await work.idle()
        assert await cash(app, "sandbox") == 120_000


async def test_a_returned_debit_reopens_its_bill_and_is_told(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work)
        await due(work)
        [payment] = work.sandbox.books.all()
        await work.http.post(
            f"{work.app.settings.sandbox_base_url}/v1/payments/{payment.key}/reverse",
            json={"kind": "debit_return"},
            headers={"Authorization": "Bearer test-sandbox-secret"},
        )
        await work.idle()
        assert (await opened(app, bill), await failed_notices(app)) == ([120_000], 1)
        await proven(app)


async def test_a_bank_that_ends_a_mandate_ends_what_was_planned(app: App) -> None:
    async with at_work(app) as work:
        await _planned(work)
        await work.http.post(
            f"{work.app.settings.sandbox_base_url}/v1/mandates/BANK-1",
            json={"state": "cancelled"},
            headers={"Authorization": "Bearer test-sandbox-secret"},
        )
        await work.idle()
        async with app.db.reading() as conn:
            assert (await conn.execute(select(mandate.c.state))).scalar_one() == "cancelled"
        assert (await states(app), await due(work)) == (["dropped"], Counter())


async def test_a_new_mandate_takes_the_place_of_the_old_one(app: App) -> None:
    async with at_work(app) as work:
        bill = await _planned(work)
        async with app.db.writing() as conn:
            newer = await mandates.create(
                conn, work.app, bill.account_id, masked="bank ****9", actor="user:amina", provider_ref="BANK-2"
            )
            assert (await mandates.active_for(conn, [bill.account_id]))[bill.account_id].masked == "bank ****1234"
            await mandates.activate(conn, work.app, newer, actor="user:amina")
            assert (await mandates.active_for(conn, [bill.account_id]))[bill.account_id].reference == newer
        await due(work)
        assert [payment.mandate for payment in work.sandbox.books.all()] == ["BANK-2"]


async def test_an_ended_mandate_does_not_come_back(app: App) -> None:
    async with app.db.writing() as conn:
        account_id = await an_account(conn, app)
        reference = await mandates.create(conn, app, account_id, masked="bank ****1", actor="user:amina")
        await mandates.cancel(conn, app, reference, actor="customer:1")
        with pytest.raises(Refused, match=r"payments\.mandate\.over"):
            await mandates.activate(conn, app, reference, actor="user:amina")
