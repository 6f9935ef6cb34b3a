"""A push to their phone, on the sandbox and on M-Pesa: asked once, sent once, believed when confirmed, unknown when nobody knows."""

import pytest
from sqlalchemy import select

from core.context import App
from core.errors import Refused
from core.outbox import queue
from core.payments import doors as payment_doors
from core.payments import push
from core.payments.tables import attempt
from tests.core.payments.made import a_bill, an_account, attempts, cash, opened, proven, receipts
from tests.gateway.payments_at_work import Work, at_work

BOTH = pytest.mark.parametrize("provider", ["sandbox", "daraja"])
PHONE = "+254700000001"


async def _ask(app: App, account_id: int, minor: int = 120_000, phone: str = PHONE, key: str = "turn:1") -> int:
    async with app.db.writing() as conn:
        return await push.ask(conn, app, account_id, phone, minor, key)


async def _owing(work: Work, minor: int = 120_000) -> tuple[int, object]:
    async with work.app.db.writing() as conn:
        account_id = await an_account(conn, work.app)
        return account_id, await a_bill(conn, work.app, account_id, minor)


async def notices(app: App) -> list[str]:
    query = select(queue.outbox.c.template).where(queue.outbox.c.kind == "notice").order_by(queue.outbox.c.id)
    async with app.db.reading() as conn:
        return list((await conn.execute(query)).scalars())


@BOTH
async def test_a_push_is_sent_after_the_session_and_pays_the_bill(app: App, provider: str) -> None:
    async with at_work(app, push=provider) as work:
        account_id, bill = await _owing(work)
        await _ask(work.app, account_id)
        assert await attempts(app) == [("mobile_push", "created", None)]
        assert [outcome.state for outcome in await work.dispatch()] == ["sent"]
        assert await attempts(app) == [("mobile_push", "succeeded", None)]
        assert (await opened(app, bill), await cash(app, provider)) == ([0], 120_000)
        assert await notices(app) == ["notice.thanks"]
        await proven(app)


@BOTH
async def test_a_double_tap_is_one_push(app: App, provider: str) -> None:
    async with at_work(app, push=provider) as work:
        account_id, _ = await _owing(work)
        first = await _ask(work.app, account_id)
        assert await _ask(work.app, account_id) == first
        await work.dispatch()
        assert await _ask(work.app, account_id) == first
        assert await work.dispatch() == []
        assert await cash(app, provider) == 120_000


async def test_a_second_push_is_refused_while_the_first_is_live(app: App) -> None:
    async with at_work(app) as work:
        account_id, _ = await _owing(work)
        await _ask(work.app, account_id)
        with pytest.raises(Refused, match=r"payments\.push\.live"):
            await _ask(work.app, account_id, key="turn:2")
        await work.dispatch()
        await _ask(work.app, account_id, key="turn:2")


async def test_less_than_the_least_payment_is_refused(app: App) -> None:
    async with at_work(app) as work:
        account_id, _ = await _owing(work)
        with pytest.raises(Refused, match=r"payments\.minimum"):
            await _ask(work.app, account_id, minor=99)


async def test_m_pesa_is_asked_for_whole_shillings_and_what_is_over_is_credit(app: App) -> None:
    async with at_work(app, push="daraja") as work:
        account_id, bill = await _owing(work, 120_050)
        await _ask(work.app, account_id, 120_050)
        await work.dispatch()
        assert [shillings for _, shillings, _ in work.daraja.truth] == [1201]
        assert (await opened(app, bill), await cash(app, "daraja")) == ([0], 120_100)
        await proven(app)


async def test_a_push_for_a_bill_paid_meanwhile_never_reaches_the_phone(app: App) -> None:
    async with at_work(app) as work:
        account_id, _ = await _owing(work)
        await _ask(work.app, account_id)
        await work.http.post(
            f"{work.app.settings.sandbox_base_url}/v1/inbound",
            json={"reference": "ACC100", "amount_minor": 120_000, "currency": "KES", "phone": PHONE},
            headers={"Authorization": "Bearer test-sandbox-secret"},
        )
        await work.idle()
        assert [outcome.state for outcome in await work.dispatch()] == ["dropped"]
        assert [payment.method for payment in work.sandbox.books.all()] == ["mobile_inbound"]


@pytest.mark.parametrize(
    ("result", "reason"), [(1, "funds"), (1032, "cancelled"), (1037, "unreachable"), (2001, "pin")]
)
async def test_a_failed_push_says_why_and_offers_another_way(app: App, result: int, reason: str) -> None:
    async with at_work(app, push="daraja") as work:
        work.daraja.manners.result = result
        account_id, bill = await _owing(work)
        await _ask(work.app, account_id)
        await work.dispatch()
        assert await attempts(app) == [("mobile_push", "failed", reason)]
        assert (await opened(app, bill), await notices(app)) == ([120_000], ["notice.failed"])


@BOTH
async def test_an_answer_lost_after_the_prompt_appeared_is_unknown_and_not_pushed_again(
    app: App, provider: str
) -> None:
    async with at_work(app, push=provider) as work:
        account_id, bill = await _owing(work)
        work.daraja.manners.answer = "dropped_after"
        work.daraja.manners.calls = 0
        work.sandbox.manners.behave({"answer": "dropped_after", "calls": 0})
        await _ask(work.app, account_id)
        assert [outcome.state for outcome in await work.dispatch()] == ["unknown"]
        work.daraja.manners.answer = "given"
        [prompt] = work.daraja.prompts.values() if provider == "daraja" else [None]
        if prompt:  # the callback that comes late still finds its attempt, by what our callback URL carries
            await work.daraja.post(prompt.callback_url, work.daraja.result(prompt))
        else:
            await payment_doors.poll(work.app)
        assert await attempts(app) == [("mobile_push", "succeeded", None)]
        assert (await opened(app, bill), await cash(app, provider)) == ([0], 120_000)
        assert len(work.sandbox.books.all()) + len(work.daraja.prompts) == 1


async def test_a_push_that_never_arrived_fails_once_the_sandbox_can_be_asked(app: App) -> None:
    async with at_work(app) as work:
        account_id, _ = await _owing(work)
        await _ask(work.app, account_id, phone="+254700009006")
        assert [outcome.state for outcome in await work.dispatch()] == ["unknown"]
        await payment_doors.poll(work.app)
        assert [state for _, state, _ in await attempts(app)] == ["unknown"], "it may still be on its way"
        work.forward(minutes=6)
        await payment_doors.poll(work.app)
        assert await attempts(app) == [("mobile_push", "failed", "never_arrived")]
        assert await notices(app) == ["notice.failed"]


async def test_an_m_pesa_push_without_a_trace_expires_after_a_quarter_of_an_hour(app: App) -> None:
    async with at_work(app, push="daraja") as work:
        account_id, _ = await _owing(work)
        work.daraja.manners.answer = "dropped_before"
        await _ask(work.app, account_id)
        await work.dispatch()
        work.forward(minutes=6)
        assert (await payment_doors.poll(work.app))["unasked"] == 1
        assert await attempts(app) == [("mobile_push", "unknown", "no CheckoutRequestID to ask by")]
        work.forward(minutes=10)
        await payment_doors.poll(work.app)
        assert await attempts(app) == [("mobile_push", "expired", "no_trace")]


@BOTH
async def test_a_lost_callback_is_recovered_by_asking(app: App, provider: str) -> None:
    async with at_work(app, push=provider) as work:
        account_id, bill = await _owing(work)
        work.daraja.manners.calls = 0
        work.sandbox.manners.behave({"calls": 0})
        await _ask(work.app, account_id)
        await work.dispatch()
        assert await attempts(app) == [("mobile_push", "awaiting_customer", None)]
        work.forward(minutes=3)
        await payment_doors.poll(work.app)
        assert (await attempts(app), await opened(app, bill)) == ([("mobile_push", "succeeded", None)], [0])
        assert await notices(app) == ["notice.thanks"]
        await proven(app)


async def test_money_confirmed_without_its_number_takes_the_number_when_it_is_told(app: App) -> None:
    async with at_work(app, push="daraja") as work:
        account_id, _ = await _owing(work)
        work.daraja.manners.calls = 0
        attempt_id = await _ask(work.app, account_id)
        await work.dispatch()
        work.forward(minutes=3)
        await payment_doors.poll(work.app)
        assert await receipts(app) == [(f"attempt:{attempt_id}", 120_000, "placed")]
        [prompt] = work.daraja.prompts.values()
        await work.daraja.post(prompt.callback_url, work.daraja.result(prompt))
        note = work.daraja.confirmation(prompt.receipt, prompt.amount, "ACC100")
        await work.daraja.post(work.daraja.confirmation_url, note)
        assert await receipts(app) == [(prompt.receipt, 120_000, "placed")]
        assert await notices(app) == ["notice.thanks"]


@pytest.mark.parametrize("lost", [True, False])
async def test_a_prompt_told_also_as_a_paybill_payment_is_the_same_money(app: App, lost: bool) -> None:
    async with at_work(app, push="daraja") as work:
        account_id, bill = await _owing(work)
        work.daraja.manners.also_confirms = True
        work.daraja.manners.calls = 0 if lost else 1
        await _ask(work.app, account_id)
        await work.dispatch()
        work.forward(minutes=3)
        await payment_doors.poll(work.app)
        assert (await attempts(app), await cash(app, "daraja")) == ([("mobile_push", "succeeded", None)], 120_000)
        assert (await opened(app, bill), await notices(app)) == ([0], ["notice.thanks"])
        await proven(app)


async def test_a_provider_that_is_away_is_tried_again_and_then_given_up(app: App) -> None:
    async with at_work(app) as work:
        account_id, _ = await _owing(work)
        gone = work.app.settings.model_copy(update={"sandbox_base_url": "http://127.0.0.1:9"})
        object.__setattr__(work.app, "settings", gone)
        await _ask(work.app, account_id)
        assert [outcome.state for outcome in await work.dispatch()] == ["waiting"]
        work.forward(minutes=6)
        assert [outcome.state for outcome in await work.dispatch()] == ["failed"]
        assert await attempts(app) == [("mobile_push", "failed", "down")]


async def test_asking_again_waits_five_minutes_then_an_hour_then_a_day(app: App) -> None:
    async with at_work(app, push="daraja") as work:
        account_id, _ = await _owing(work)
        work.daraja.manners.think_seconds, work.daraja.manners.calls = 3600, 0
        await _ask(work.app, account_id)
        work.forward(seconds=5)
        async with app.db.writing() as conn:
            [row] = await queue.claim(conn, app.clock.now(), "w", 1)
        await payment_doors.push(work.app, row)
        work.daraja.manners.answer = "dropped_after"
        waits = []
        for _ in range(4):
            async with app.db.reading() as conn:
                due = (await conn.execute(select(attempt.c.poll_at))).scalar_one()
            waits.append((due - app.clock.now()).total_seconds())
            work.forward(seconds=waits[-1])
            assert (await payment_doors.poll(work.app))["unanswered"] == 1
        assert waits == [120, 300, 3600, 86_400]
        work.daraja.manners.answer = "given"
        [prompt] = work.daraja.prompts.values()
        prompt.result, prompt.receipt = 0, "RKTQDM7W6S"
        assert (await payment_doors.poll(work.app))["succeeded"] == 1, "at once when the provider answers again"


@BOTH
async def test_sent_and_then_a_crash_is_unknown_and_not_sent_again(app: App, provider: str) -> None:
    async with at_work(app, push=provider) as work:
        account_id, _ = await _owing(work)
        attempt_id = await _ask(work.app, account_id)
        async with app.db.writing() as conn:
            await conn.execute(attempt.update().where(attempt.c.id == attempt_id).values(state="sent"))
        assert [outcome.state for outcome in await work.dispatch()] == ["unknown"]
        assert (len(work.sandbox.books.all()), len(work.daraja.prompts)) == (0, 0)


async def test_a_prompt_that_nobody_answers_blocks_no_other_for_ever(app: App) -> None:
    """It keeps the next one back while it may be on the phone, and until its provider has said since that it still waits."""
    async with at_work(app, by_hand=True) as work:
        account_id, _ = await _owing(work)
        await _ask(work.app, account_id, minor=1_000_000)
        assert [outcome.state for outcome in await work.dispatch()] == ["sent"]
        for minutes in (9, 2):
            work.forward(minutes=minutes)
            with pytest.raises(Refused, match=r"payments\.push\.live"):
                await _ask(work.app, account_id, key="turn:2")
        assert (await payment_doors.poll(work.app))["awaiting_customer"] == 1
        await _ask(work.app, account_id, key="turn:2")
        assert len(await attempts(app)) == 2


@pytest.mark.parametrize(("provider", "most"), [("sandbox", 10_120_000), ("daraja", 25_000_000)])
async def test_more_than_the_provider_takes_or_than_is_sensible_is_refused(app: App, provider: str, most: int) -> None:
    async with at_work(app, push=provider) as work:
        account_id, _ = await _owing(work, 120_000 if provider == "sandbox" else 30_000_000)
        for minor in (most + 1, 99_999_999_900):
            with pytest.raises(Refused, match=r"payments\.maximum"):
                await _ask(work.app, account_id, minor=minor)
        assert await attempts(app) == []
        await _ask(work.app, account_id, minor=most)
