"""Callbacks over HTTP: secrets and signatures, repeats and floods, what is not understood, what must wait."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.facts import Follow
from core.journeys.follow import follow
from core.payments import doors as payment_doors
from core.payments import inbox
from core.payments.providers.sandbox import HEADER
from core.payments.providers.signatures import TOLERANCE_SECONDS
from core.payments.providers.signatures import stamped as sign
from core.payments.tables import provider_event
from tests.core.payments.made import a_bill, an_account, cash, event_states, opened, owed, proven, receipts
from tests.gateway.payments_at_work import Work, at_work

SECRET = "test-sandbox-secret"


def inbound(event: str = "evt_1", minor: int = 500, **more: Any) -> dict[str, Any]:
    return {
        "id": event,
        "type": "inbound",
        "payment": f"sbx_{event}",
        "txn": f"SB{event}",
        "method": "mobile_inbound",
        "amount_minor": minor,
        "currency": "KES",
        "reference": "ACC100",
        "payer": "***001",
        **more,
    }


def confirmation(**more: Any) -> dict[str, Any]:
    """As Safaricom documents it, and as the double sends it."""
    return {
        "TransactionType": "Pay Bill",
        "TransID": "RKTQDM7W6S",
        "TransTime": "20260310120259",
        "TransAmount": "1200.00",
        "BusinessShortCode": "600638",
        "BillRefNumber": "ACC100",
        "InvoiceNumber": "",
        "OrgAccountBalance": "49197.00",
        "ThirdPartyTransID": "",
        "MSISDN": "2547 ***** 001",
        "FirstName": "AMINA",
        **more,
    }


async def tell(
    work: Work, said: Any, *, secret: str = SECRET, late: int = 0, raw: bytes | None = None
) -> tuple[int, Any]:
    body = raw if raw is not None else json.dumps(said).encode()
    at = int(work.app.clock.now().timestamp()) + late
    headers = {HEADER: sign(secret, body, at)}
    async with work.http.post(f"{work.hook}/sandbox", data=body, headers=headers) as response:
        return response.status, await response.json()


async def tell_daraja(work: Work, topic: str, said: Any, query: str = "") -> tuple[int, Any]:
    async with work.http.post(f"{work.hook}/daraja/{topic}{query}", json=said) as response:
        return response.status, await response.json()


@pytest.fixture
def sqlite_house(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


async def _bill(work: Work, minor: int = 500) -> Any:
    async with work.app.db.writing() as conn:
        return await a_bill(conn, work.app, await an_account(conn, work.app), minor)


async def _events(app: App) -> int:
    async with app.db.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(provider_event))).scalar_one())


async def test_a_callback_five_times_in_a_row_and_twenty_at_once_has_one_effect_and_one_answer(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work)
        serial = [await tell(work, inbound()) for _ in range(5)]
        flood = await asyncio.gather(*(tell(work, inbound("evt_2", 70)) for _ in range(20)))
        assert {str(answer) for answer in [*serial, *flood]} == {str((200, {"received": True}))}
        assert (await opened(app, bill), await cash(app, "sandbox")) == ([0], 570)
        assert await event_states(app) == ["done", "done"]
        await proven(app)


@pytest.mark.parametrize("kind", ["wrong", "empty", "stale", "early", "tampered", "none"])
async def test_a_forged_or_stale_signature_changes_nothing(app: App, kind: str) -> None:
    async with at_work(app) as work:
        await _bill(work)
        body = json.dumps(inbound()).encode()
        now = int(app.clock.now().timestamp())
        header = {
            "wrong": sign("another-secret", body, now),
            "empty": "",
            "stale": sign(SECRET, body, now - 301),
            "early": sign(SECRET, body, now + 301),
            "tampered": sign(SECRET, body + b" ", now),
            "none": "t=,v1=",
        }[kind]
        async with work.http.post(f"{work.hook}/sandbox", data=body, headers={HEADER: header}) as response:
            assert response.status == 403
        assert (await _events(app), await cash(app, "sandbox")) == (0, 0)


async def test_a_signature_is_good_for_five_minutes_and_its_event_still_counts_once(app: App) -> None:
    async with at_work(app) as work:
        await _bill(work)
        assert (await tell(work, inbound(), late=-299))[0] == 200
        assert (await tell(work, inbound(), late=299))[0] == 200
        assert await cash(app, "sandbox") == 500


async def test_a_wrong_path_secret_is_refused_before_anything_is_read(app: App) -> None:
    async with at_work(app) as work:
        for path in ("sandbox", "daraja/stk", "daraja/validation", "daraja/confirmation"):
            url = f"{work.url}/hooks/payments/guessed-secret/{path}"
            async with work.http.post(url, data=b"x" * 100_000) as response:
                assert response.status == 403


@pytest.mark.parametrize(
    "said",
    [
        None, [], "text", {}, {"id": "e"}, {**inbound(), "amount_minor": "500"}, {**inbound(), "amount_minor": -5},
        {**inbound(), "amount_minor": 5.5}, {**inbound(), "amount_minor": True}, {**inbound(), "txn": None},
        {**inbound(), "id": 7}, {**inbound(), "reference": "x" * 201}, {**inbound(), "payer": "a\x00b"}, {**inbound(), "reference": "\ud800"},
    ],
)  # fmt: skip
async def test_what_is_not_understood_is_said_so_and_not_stored(sqlite_house: App, said: Any) -> None:
    async with at_work(sqlite_house) as work:
        status, answer = await tell(work, said)
        assert (status, answer["code"]) == (400, "payments.not_understood")
        assert await _events(sqlite_house) == 0


async def test_what_is_no_json_or_too_long_is_refused(app: App) -> None:
    async with at_work(app) as work:
        assert (await tell(work, None, raw=b"\xff{"))[0] == 400
        assert (await tell(work, None, raw=b"[" * 60_000))[0] == 400
        async with work.http.post(f"{work.hook}/sandbox", data=b"x" * 600_000) as response:
            assert response.status == 413
        async with work.http.post(f"{work.hook}/paypal", data=b"{}") as response:
            assert response.status == 404


async def test_strange_letters_inside_what_is_kept_do_not_break_it(app: App) -> None:
    async with at_work(app) as work:
        await _bill(work)
        said = {**inbound(), "note": "a\x00b \ud800", "deep": {"x\x00": [1.5, None]}}
        assert (await tell(work, said))[0] == 200
        assert await cash(app, "sandbox") == 500


async def test_a_kind_we_do_not_know_is_taken_and_ignored(app: App) -> None:
    async with at_work(app) as work:
        assert (await tell(work, {**inbound(), "type": "payout.paid"}))[0] == 200
        assert (await event_states(app), await cash(app, "sandbox")) == (["ignored"], 0)


async def _taken(work: Work, headers: dict[str, str], body: bytes, follow: Follow) -> inbox.CallbackAnswer:
    """As the door takes it, with another thing that follows."""
    events = inbox.read(work.app, "sandbox", headers, body)
    assert not isinstance(events, inbox.CallbackAnswer)
    await inbox.take_in(replace(work.app, follow=follow), "sandbox", events)
    return inbox.acknowledged(work.app, "sandbox")


async def test_a_crash_of_ours_keeps_the_event_and_it_is_taken_up_later(app: App) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("a bug in what follows")

    async with at_work(app) as work:
        bill = await _bill(work)
        body = json.dumps(inbound()).encode()
        headers = {HEADER: sign(SECRET, body, int(app.clock.now().timestamp()))}
        answer = await _taken(work, headers, body, breaks)
        assert (answer.status, await event_states(app), await cash(app, "sandbox")) == (200, ["waiting"], 0)
        await payment_doors.poll(work.app)
        assert (await event_states(app), await opened(app, bill)) == (["done"], [0])


async def test_an_event_that_breaks_us_five_times_is_laid_aside(app: App) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("a bug in what follows")

    async with at_work(app) as work:
        await _bill(work)
        body = json.dumps(inbound()).encode()
        headers = {HEADER: sign(SECRET, body, int(app.clock.now().timestamp()))}
        await _taken(work, headers, body, breaks)
        for _ in range(inbox.TRIES):
            await inbox.work_off(replace(work.app, follow=breaks))
        assert await event_states(app) == ["failed"]


async def test_a_reversal_that_overtakes_its_payment_waits_for_it(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work)
        back = {**inbound("evt_9"), "type": "reversed", "state": "chargeback", "txn": "SBevt_1"}
        assert (await tell(work, back))[0] == 200
        assert await event_states(app) == ["waiting"]
        await tell(work, inbound())
        assert (await payment_doors.poll(work.app))["waiting"] == 0
        assert await receipts(app) == [("SBevt_1", 500, "reversed")]
        assert (await opened(app, bill), await cash(app, "sandbox")) == ([500], 0)
        await proven(app)


async def test_a_paybill_payment_needs_no_request_and_counts_once(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work, 100_000)
        answers = await asyncio.gather(*(tell_daraja(work, "confirmation", confirmation()) for _ in range(20)))
        assert {str(answer) for answer in answers} == {str((200, {"ResultCode": 0, "ResultDesc": "Accepted"}))}
        assert (await opened(app, bill), await owed(app, bill.account_id)) == ([0], -20_000)
        assert await receipts(app) == [("RKTQDM7W6S", 120_000, "placed")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"TransAmount": "12.345"}, {"TransAmount": "-5"}, {"TransAmount": "0"}, {"TransAmount": None},
        {"TransAmount": "1e400"}, {"TransID": ""}, {"TransID": {"a": 1}}, {"BusinessShortCode": "111111"},
    ],
)  # fmt: skip
async def test_a_confirmation_that_cannot_be_right_is_not_stored(sqlite_house: App, wrong: dict[str, Any]) -> None:
    async with at_work(sqlite_house) as work:
        assert (await tell_daraja(work, "confirmation", confirmation(**wrong)))[0] == 400
        assert await _events(sqlite_house) == 0


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ({}, "0"), ({"BillRefNumber": "acc 100"}, "0"), ({"BillRefNumber": "NOBODY"}, "C2B00012"),
        ({"BillRefNumber": ""}, "C2B00012"), ({"TransAmount": "0.50"}, "C2B00013"), ({"TransAmount": "x"}, "C2B00013"),
        ({"BusinessShortCode": "111111"}, "C2B00015"),
    ],
)  # fmt: skip
async def test_a_paybill_payment_is_judged_before_it_goes_through(
    sqlite_house: App, note: dict[str, Any], code: str
) -> None:
    async with at_work(sqlite_house) as work:
        await _bill(work)
        status, answer = await tell_daraja(work, "validation", confirmation(**note))
        assert (status, answer["ResultCode"]) == (200, code)
        assert await _events(sqlite_house) == 0


async def test_an_unsigned_success_is_not_believed_without_asking(app: App) -> None:
    async with at_work(app, push="daraja") as work:
        await _bill(work)
        items = [
            {"Name": "Amount", "Value": 1200.0},
            {"Name": "MpesaReceiptNumber", "Value": "NLJ7RT61SV"},
            {"Name": "Balance"},
        ]
        forged = {
            "Body": {
                "stkCallback": {
                    "MerchantRequestID": "1",
                    "CheckoutRequestID": "ws_CO_forged",
                    "ResultCode": 0,
                    "ResultDesc": "ok",
                    "CallbackMetadata": {"Item": items},
                }
            }
        }
        assert (await tell_daraja(work, "stk", forged))[0] == 200
        await payment_doors.poll(work.app)
        assert (await cash(app, "daraja"), await event_states(app)) == (0, ["waiting"])
        work.forward(days=15)
        await payment_doors.poll(work.app)
        assert await event_states(app) == ["failed"]


async def test_daraja_notes_we_have_no_use_for_are_taken(app: App) -> None:
    async with at_work(app) as work:
        assert (await tell_daraja(work, "result", {"Result": {}}))[0] == 200
        assert (await tell_daraja(work, "timeout", {"Result": {}}))[0] == 200
        assert await _events(app) == 0


async def test_events_told_in_any_order_end_the_same(app: App) -> None:
    async with at_work(app) as work:
        bill = await _bill(work, 1_000)
        told = [inbound(f"evt_{number}", 100 + number) for number in range(6)]
        told += [
            {**inbound(f"evt_b{number}"), "type": "reversed", "state": "refund", "txn": f"SBevt_{number}"}
            for number in (1, 4)
        ]
        for said in reversed(told):
            await tell(work, said)
        work.forward(hours=1)
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), await cash(app, "sandbox")) == ([1_000 - 410], 410)
        await proven(app)


def test_the_tolerance_is_what_the_contract_says() -> None:
    assert timedelta(seconds=TOLERANCE_SECONDS) == timedelta(minutes=5)
