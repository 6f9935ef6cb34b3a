"""M-Pesa payments given back by a reversal: once, whatever is lost on the way; and nothing unsigned is believed on its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
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
from core.outbox import queue
from core.payments import doors as payment_doors
from core.payments import push, refunds
from core.payments.tables import attempt, receipt, refund
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, proven
from tests.gateway.payments_at_work import Work, at_work


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@asynccontextmanager
async def mpesa(app: App, minor: int = 500_000) -> AsyncIterator[tuple[Work, Bill]]:
    """A bill that was paid into the paybill, at a house whose API operator may reverse."""
    async with at_work(app, push="daraja") as plain:
        settings = Settings.model_validate(
            plain.app.settings.model_dump() | {"daraja_initiator": "hodi", "daraja_security_credential": "enc"}
        )
        work = replace(plain, app=replace(plain.app, settings=settings))
        async with app.db.writing() as conn:
            bill = await a_bill(conn, work.app, await an_account(conn, work.app), minor)
        url = f"{work.app.settings.daraja_base_url}/mpesa/c2b/v1/simulate"
        work.daraja.tokens.add("t")
        said = {"Amount": minor // 100, "BillRefNumber": "ACC100"}
        async with work.http.post(url, json=said, headers={"Authorization": "Bearer t"}) as response:
            assert response.status == 200
        await work.idle()
        assert await opened(app, bill) == [0]
        yield work, bill


async def give_back(work: Work, minor: int = 500_000) -> list[queue.Outcome]:
    """Asked for, agreed to by another, and sent."""
    async with work.app.db.writing() as conn:
        receipt_id = (await conn.execute(select(receipt.c.id))).scalar_one()
        await refunds.ask(conn, work.app, receipt_id, amount_minor=minor, reason="twice", actor="user:a", key="r1")
    async with work.app.db.writing() as conn:
        row = (await conn.execute(select(approval).where(approval.c.state == "waiting"))).one()
        await approved.decide(conn, work.app, row.id, checker="user:boss", seen=row.seal, yes=True)
    return await send(work)


async def send(work: Work) -> list[queue.Outcome]:
    async with work.app.db.writing() as conn:
        rows = await queue.claim(conn, work.app.clock.now(), "test", 100)
    outcomes = [await payment_doors.refund(work.app, row) for row in rows if row.kind == "refund"]
    async with work.app.db.writing() as conn:
        await queue.settle(conn, work.app.clock.now(), outcomes)
    return outcomes


async def heard(work: Work) -> None:
    """Everything that Safaricom has to say is said, and taken up."""
    for _ in range(2):
        await work.idle()
        await payment_doors.poll(work.app)
    await work.idle()
    await payment_doors.poll(work.app)


async def stands(app: App) -> tuple[str, str, int, int]:
    """(refund, attempt, what we owe back, the provider's cash)."""
    async with app.db.reading() as conn:
        query = select(refund.c.state, attempt.c.state).join_from(refund, attempt, refund.c.attempt_id == attempt.c.id)
        row = (await conn.execute(query)).one()
        owed = await ledger.balance(conn, "refunds", 0, "KES")
    return row[0], row[1], owed, await cash(app, "daraja")


async def test_a_payment_goes_back_whole_and_its_bill_is_open_again(app: App) -> None:
    async with mpesa(app) as (work, bill):
        work.daraja.manners.calls = 5
        assert [one.state for one in await give_back(work)] == ["sent"]
        await heard(work)
        assert await stands(app) == ("done", "succeeded", 0, 0)
        assert (await opened(app, bill), sum(one[1] for one in work.daraja.truth)) == ([500_000], 0)
        await proven(app)


async def test_a_result_that_is_lost_is_asked_for_and_the_answer_settles_it(app: App) -> None:
    async with mpesa(app) as (work, _):
        work.daraja.manners.calls = 0
        await give_back(work)
        assert (await stands(app))[:2] == ("granted", "awaiting_customer")
        work.forward(minutes=3)
        await heard(work)
        assert await stands(app) == ("done", "succeeded", 0, 0)
        assert len(work.daraja.reversals) == 1


async def test_an_answer_that_is_lost_leaves_it_unknown_until_its_result_is_confirmed_and_it_is_sent_once(
    app: App,
) -> None:
    async with mpesa(app) as (work, _):
        work.daraja.manners.answer = "dropped_after"
        assert [one.state for one in await give_back(work)] == ["unknown"]
        assert await send(work) == []
        await heard(work)
        assert (await stands(app))[:2] == ("granted", "unknown"), (
            "a result under a conversation we do not know is a hint"
        )
        work.daraja.manners.answer = "given"
        work.forward(minutes=16)
        await heard(work)
        assert await stands(app) == ("done", "succeeded", 0, 0)
        assert len(work.daraja.reversals) == 1


async def test_with_answer_and_result_lost_it_stays_unknown_and_is_never_sent_again(single: App) -> None:
    async with mpesa(single) as (work, _):
        work.daraja.manners.answer, work.daraja.manners.calls = "dropped_after", 0
        await give_back(work)
        work.daraja.manners.answer = "given"
        for _ in range(3):
            work.forward(days=1)
            await heard(work)
            await send(work)
        assert (await stands(single))[:2] == ("granted", "unknown")
        assert len(work.daraja.reversals) == 1


@pytest.mark.parametrize(
    ("code", "end", "left"),
    [
        (1, ("failed", "failed", 0, 500_000), 0), (99, ("failed", "failed", 0, 500_000), 0),
        (21, ("done", "succeeded", 0, 0), 500_000),
    ],
)  # fmt: skip
async def test_a_reversal_that_is_refused_puts_everything_back_and_a_code_we_are_not_sure_of_is_asked_about(
    single: App, code: int, end: tuple[str, str, int, int], left: int
) -> None:
    async with mpesa(single) as (work, bill):
        work.daraja.manners.back = code
        await give_back(work)
        await heard(work)
        assert await stands(single) == end
        assert (await opened(single, bill), sum(one[1] for one in work.daraja.truth) * 100) == ([left], 500_000 - left)
        await proven(single)


@pytest.mark.parametrize("kind", ["another conversation", "another attempt"])
@pytest.mark.parametrize("code", [0, 1])
async def test_a_forged_result_gives_nothing_back_and_takes_nothing_back(single: App, kind: str, code: int) -> None:
    async with mpesa(single) as (work, bill):
        work.daraja.manners.calls = 0
        await give_back(work)
        async with single.db.reading() as conn:
            row = (await conn.execute(select(attempt.c.id, attempt.c.provider_ref))).one()
        original = row.provider_ref.rpartition(":")[2]
        about = row.id if kind == "another conversation" else row.id + 1
        result: dict[str, Any] = {
            "ResultType": 0,
            "ResultCode": code,
            "ResultDesc": "x",
            "TransactionID": "FORGED0001",
            "OriginatorConversationID": original,
            "ConversationID": "AG_forged",
        }
        async with work.http.post(f"{work.hook}/daraja/reversal?attempt={about}", json={"Result": result}) as response:
            assert response.status == 200
        assert (await stands(single))[:2] == ("granted", "awaiting_customer")
        assert await opened(single, bill) == [500_000]


async def test_without_an_api_operator_or_with_cents_it_is_paid_by_hand(single: App) -> None:
    async with mpesa(single) as (work, _):
        async with single.db.writing() as conn:
            receipt_id = (await conn.execute(select(receipt.c.id))).scalar_one()
            await refunds.ask(conn, work.app, receipt_id, amount_minor=50, reason="x", actor="user:a", key="r1")
            await refunds.ask(conn, single, receipt_id, amount_minor=100, reason="x", actor="user:a", key="r2")
            await refunds.ask(conn, work.app, receipt_id, amount_minor=100, reason="x", actor="user:a", key="r3")
            ways = (await conn.execute(select(refund.c.how).order_by(refund.c.id))).scalars().all()
        assert ways == ["by_hand", "by_hand", "daraja"]


async def test_a_prompts_result_alone_credits_nothing_however_large_or_small(single: App) -> None:
    async with at_work(single, push="daraja") as work:
        work.daraja.manners.think_seconds = 60
        async with single.db.writing() as conn:
            bill = await a_bill(conn, work.app, await an_account(conn, work.app), 5_000_000)
            await push.ask(conn, work.app, bill.account_id, "+254700000001", 5_000_000, "p")
        work.forward(seconds=5)
        async with single.db.writing() as conn:
            rows = await queue.claim(conn, work.app.clock.now(), "test", 100)
        for row in rows:
            await payment_doors.push(work.app, row)
        [prompt] = work.daraja.prompts.values()
        for amount in (1, 50_000, 900_000):
            forged = work.daraja.result(replace(prompt, result=0, receipt=f"FORGED{amount}", amount=amount))
            async with work.http.post(prompt.callback_url, json=forged) as response:
                assert response.status == 200
        await payment_doors.poll(work.app)
        assert (await cash(single, "daraja"), await opened(single, bill)) == (0, [5_000_000])
        prompt.result, prompt.receipt = 0, "REAL000001"
        await payment_doors.poll(work.app)
        assert (await cash(single, "daraja"), await opened(single, bill)) == (5_000_000, [0]), (
            "as much as was asked for"
        )
        assert await attempts(single) == [("mobile_push", "succeeded", None)]
        await asyncio.sleep(0)
