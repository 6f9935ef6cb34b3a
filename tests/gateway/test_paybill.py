"""The paybill whole: registered for, judged, told, pulled when told nothing, and large sums proven before they are credited."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
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
from core.outcome import Refusal
from core.payments import doors as payment_doors
from core.payments.providers import callback_url, daraja
from core.payments.providers.contract import Begun
from core.payments.tables import provider_event, transaction_query
from tests.core.payments.made import Bill, a_bill, an_account, cash, event_states, opened, proven
from tests.gateway.payments_at_work import Work, at_work


@pytest.fixture
def single(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


async def _bill(work: Work, minor: int = 5_000_000) -> Bill:
    async with work.app.db.writing() as conn:
        return await a_bill(conn, work.app, await an_account(conn, work.app), minor)


async def _pays(work: Work, shillings: int, reference: str = "ACC100") -> str:
    """Somebody pays into the paybill; the number of the payment."""
    url = f"{work.app.settings.daraja_base_url}/mpesa/c2b/v1/simulate"
    work.daraja.tokens.add("t")
    said = {"Amount": shillings, "BillRefNumber": reference}
    async with work.http.post(url, json=said, headers={"Authorization": "Bearer t"}) as response:
        assert response.status == 200
    await work.idle()
    return work.daraja.truth[-1][0]


def _trusted(work: Work) -> Work:
    """With an API operator, so that status queries can be asked."""
    settings = Settings.model_validate(
        work.app.settings.model_dump() | {"daraja_initiator": "hodi", "daraja_security_credential": "enc"}
    )
    return replace(work, app=replace(work.app, settings=settings))


async def test_the_addresses_are_registered_and_what_comes_is_judged_and_told(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work)
        work.daraja.confirmation_url = work.daraja.validation_url = ""
        said = await daraja.opened(work.app).register(callback_url(work.app, "daraja"))
        assert (said, work.daraja.validation_url) == (
            Begun("registered"),
            f"{callback_url(work.app, 'daraja')}/validation",
        )
        await _pays(work, 1_200)
        assert (await opened(app, bill), await cash(app, "daraja")) == ([5_000_000 - 120_000], 120_000)
        await proven(app)


async def test_addresses_that_name_mpesa_are_refused_by_us_before_safaricom_does(single: App) -> None:
    with pytest.raises(ValueError, match="mpesa"):
        await daraja.opened(single).register("https://example.org/mpesa")


async def test_what_was_never_told_is_found_by_the_pull_once(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work)
        work.daraja.manners.calls = 0
        for number in range(5):
            await _pays(work, 100 + number)
        assert await cash(app, "daraja") == 0
        for _ in range(2):
            await payment_doors.pull(work.app)
        assert (await cash(app, "daraja"), len(work.daraja.truth)) == (51_000, 5)
        assert await opened(app, bill) == [5_000_000 - 51_000]
        await proven(app)


async def test_what_was_told_and_is_pulled_as_well_counts_once(app: App) -> None:
    async with at_work(app) as work:
        await _bill(work)
        await _pays(work, 1_200)
        assert await asyncio.gather(*(payment_doors.pull(work.app) for _ in range(3))) == [Counter()] * 3
        assert await cash(app, "daraja") == 120_000


async def test_a_large_sum_is_not_credited_on_a_note_alone_and_a_forged_one_never(app: App) -> None:
    async with at_work(app) as plain:
        work = _trusted(plain)
        bill = await _bill(work)
        forged = work.daraja.confirmation("FORGED0001", 30_000, "ACC100")
        async with work.http.post(f"{work.hook}/daraja/confirmation", json=forged) as response:
            assert response.status == 200
        for _ in range(3):
            work.forward(minutes=20)
            await payment_doors.poll(work.app)
            await work.idle()
            await payment_doors.pull(work.app)
        assert (await cash(app, "daraja"), await opened(app, bill)) == (0, [5_000_000])
        work.forward(days=15)
        await payment_doors.poll(work.app)
        assert await event_states(app) == ["failed"]


async def test_a_large_sum_is_credited_when_the_status_query_says_so(app: App) -> None:
    async with at_work(app) as plain:
        work = _trusted(plain)
        bill = await _bill(work)
        await _pays(work, 30_000)
        assert await cash(app, "daraja") == 0
        await payment_doors.poll(work.app)
        await work.idle()
        await asyncio.sleep(0.1)
        await work.idle()
        await payment_doors.poll(work.app)
        assert (await cash(app, "daraja"), await opened(app, bill)) == (3_000_000, [2_000_000])
        await proven(app)


async def test_a_large_sum_is_credited_when_the_pull_lists_it(single: App) -> None:
    async with at_work(single) as work:
        await _bill(work)
        await _pays(work, 30_000)
        assert await cash(single, "daraja") == 0
        assert await payment_doors.pull(work.app) == Counter(done=1)
        assert await cash(single, "daraja") == 3_000_000


async def test_the_limit_itself_is_small_enough(single: App) -> None:
    async with at_work(single) as work:
        await _bill(work)
        await _pays(work, 10_000)
        assert await cash(single, "daraja") == 1_000_000
        await _pays(work, 10_001)
        assert await cash(single, "daraja") == 1_000_000


async def _note(work: Work, txn: str, shillings: int, reference: str = "ACC100") -> None:
    """Somebody who learnt the address writes a note."""
    note = work.daraja.confirmation(txn, shillings, reference)
    async with work.http.post(f"{work.hook}/daraja/confirmation", json=note) as response:
        assert response.status == 200


async def test_many_small_notes_are_credited_to_one_account_up_to_the_ceiling_of_a_day(app: App) -> None:
    """30,000 an account and day: three notes of 10,000 (the limit of one) and not a shilling more, however they are cut."""
    async with at_work(app) as work:
        await _bill(work)
        await asyncio.gather(*(_note(work, f"FORGED{number:04}", 10_000) for number in range(6)))
        assert await cash(app, "daraja") == 3_000_000
        await _note(work, "FORGED0100", 1)
        assert await cash(app, "daraja") == 3_000_000
        states = await event_states(app)
        assert (states.count("done"), states.count("waiting")) == (3, 4)
        work.forward(days=1)
        await payment_doors.poll(work.app)
        assert await cash(app, "daraja") == 3_000_000, "what waits is not credited by waiting for the next day"
        await _note(work, "NEXTDAY001", 10_000)
        assert await cash(app, "daraja") == 4_000_000
        await proven(app)


async def test_the_house_has_a_ceiling_over_all_accounts_and_money_for_nobody_counts(single: App) -> None:
    terms = single.operator.payments.model_copy(update={"unproven_house_day": "25000"})
    app = replace(single, operator=single.operator.model_copy(update={"payments": terms}))
    async with at_work(app) as work:
        await _bill(work)
        async with app.db.writing() as conn:
            await an_account(conn, app, "ACC200")
        for number, reference in enumerate(("ACC100", "ACC200", "NOBODY")):
            await _note(work, f"FORGED{number:04}", 10_000, reference)
        assert await cash(app, "daraja") == 2_000_000
        await _note(work, "FORGED0009", 5_000, "ACC200")
        assert await cash(app, "daraja") == 2_500_000


async def test_what_is_above_the_ceiling_is_credited_by_the_pull_or_by_a_person_and_once(app: App) -> None:
    async with at_work(app) as work:
        await _bill(work)
        for _ in range(4):
            await _pays(work, 10_000)
        assert await cash(app, "daraja") == 3_000_000
        assert await payment_doors.pull(work.app) == Counter(done=1)
        assert await cash(app, "daraja") == 4_000_000
        await _note(work, "LOOKEDUP01", 10_000)
        for _ in range(3):
            await payment_doors.poll(work.app)
            work.forward(minutes=20)
        async with app.db.reading() as conn:
            asked = (await conn.execute(select(approval).where(approval.c.kind == "paybill_note"))).all()
        [mine] = [row for row in asked if row.payload["txn"] == "LOOKEDUP01"]
        assert (mine.payload["amount"], mine.payload["typed"]) == ("10000.00", "ACC100")
        async with app.db.writing() as conn:
            await approved.decide(conn, work.app, mine.id, checker="user:boss", seen=mine.seal, yes=True)
        for _ in range(2):
            await payment_doors.poll(work.app)
        assert await cash(app, "daraja") == 5_000_000
        await proven(app)


async def test_a_result_of_a_question_nobody_asked_proves_nothing(single: App) -> None:
    async with at_work(single) as work:
        await _bill(work)
        note = work.daraja.confirmation("FORGED0001", 30_000, "ACC100")
        told = {"ReceiptNo": "FORGED0001", "Amount": 30_000, "TransactionStatus": "Completed"}
        items = [{"Key": key, "Value": value} for key, value in told.items()]
        result: dict[str, Any] = {
            "Result": {
                "ResultCode": 0,
                "ConversationID": "AG_guessed",
                "ResultParameters": {"ResultParameter": items},
            }
        }
        for topic, said in (("confirmation", note), ("result", result)):
            async with work.http.post(f"{work.hook}/daraja/{topic}", json=said) as response:
                assert response.status == 200
        await payment_doors.poll(work.app)
        assert (await cash(single, "daraja"), sorted(await event_states(single))) == (0, ["ignored", "waiting"])


async def test_a_status_that_names_another_amount_proves_nothing(single: App) -> None:
    async with at_work(single) as plain:
        work = _trusted(plain)
        await _bill(work)
        number = await _pays(work, 20_000)
        async with single.db.writing() as conn:
            await conn.execute(provider_event.delete())
            await conn.execute(transaction_query.delete())
        note = work.daraja.confirmation(number, 90_000, "ACC100")
        async with work.http.post(f"{work.hook}/daraja/confirmation", json=note) as response:
            assert response.status == 200
        await payment_doors.poll(work.app)
        await asyncio.sleep(0.1)
        await work.idle()
        await payment_doors.poll(work.app)
        async with single.db.reading() as conn:
            asked = (await conn.execute(select(transaction_query.c.state, transaction_query.c.amount_minor))).all()
        assert ([tuple(row) for row in asked], await cash(single, "daraja")) == ([("proven", 2_000_000)], 0)


async def test_a_pull_nobody_answers_is_made_again_later(single: App) -> None:
    async with at_work(single) as work:
        work.daraja.manners.answer = "hangs up"
        assert await payment_doors.pull(work.app) == Counter(unanswered=1)


async def test_without_a_paybill_nothing_is_pulled(single: App) -> None:
    assert await payment_doors.pull(single) == Counter()


async def test_an_api_operator_nobody_knows_is_declined(single: App) -> None:
    async with at_work(single) as work:
        assert await daraja.opened(work.app).ask_status("X", work.hook) == Refusal("declined")


def test_it_is_pulled_every_quarter_of_an_hour() -> None:
    from scheduler.jobs import JOBS

    assert {job.name: job.every for job in JOBS}["paybill pulled"] == timedelta(minutes=15)
