"""Flutterwave's v4 over HTTP: prompts for mobile money made once, asked about, given back; nothing unsigned or forged is believed."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SetClock
from core.config.operator import Operator, Settings
from core.context import App
from core.db.engine import Database
from core.journeys.follow import follow
from core.outcome import NotReached
from core.payments import doors as payment_doors
from core.payments import push, refunds
from core.payments.providers import named, oauth
from core.payments.providers.flutterwave_v4 import FlutterwaveV4, reference
from core.payments.tables import attempt, receipt
from core.phone import parts
from tests.core.payments.made import Bill, a_bill, an_account, attempts, cash, opened, proven
from tests.gateway.tills_at_work import SECRET, Work, tills_at_work

PHONE = "+254700000001"


@pytest.fixture
def app(sqlite_db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, sqlite_db, settings, follow)


@pytest.fixture
def both(db: Database, clock: SetClock, operator: Operator, settings: Settings) -> App:
    return App(clock, operator, db, settings, follow)


async def pushed(work: Work, phone: str = PHONE, minor: int = 120_050) -> Bill:
    async with work.app.db.writing() as conn:
        bill = await a_bill(conn, work.app, await an_account(conn, work.app), minor)
        await push.ask(conn, work.app, bill.account_id, phone, minor, "turn:ATUid_" + "x" * 60 + ":1*2")
    work.forward(seconds=5)
    await work.dispatch()
    return bill


async def answered(work: Work) -> None:
    [charge] = work.flutterwave_v4.charges()
    work.flutterwave_v4.answer(charge["id"])
    await work.idle()


async def test_a_prompt_is_paid_and_given_back_by_the_same_api(both: App) -> None:
    async with tills_at_work(both, mobile_push="flutterwave_v4") as work:
        work.flutterwave_v4.manners.calls = 5
        bill = await pushed(work)
        [charge] = work.flutterwave_v4.charges()
        assert (charge["amount"], charge["currency"], charge["status"]) == (1200.5, "KES", "pending")
        await answered(work)
        assert (await opened(both, bill), await cash(both, "flutterwave_v4")) == ([0], 120_050)
        async with both.db.writing() as conn:
            receipt_id = (await conn.execute(select(receipt.c.id))).scalar_one()
            refund_id = await refunds.ask(
                conn, work.app, receipt_id, amount_minor=20_050, reason="x", actor="user:a", key="r"
            )
            await refunds.granted(conn, work.app, refund_id)
        await work.dispatch()
        work.forward(minutes=10)
        await payment_doors.poll(work.app)
        assert (await opened(both, bill), await cash(both, "flutterwave_v4")) == ([20_050], 100_000)
        assert [moved.minor for moved in work.flutterwave_v4.truth] == [120_050, -20_050]
        await proven(both)


@pytest.mark.parametrize("lost", ["the answer", "the webhook", "both"])
async def test_what_is_lost_is_asked_about_and_nothing_is_prompted_twice(app: App, lost: str) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        till = work.flutterwave_v4
        till.manners.calls = 1 if lost == "the answer" else 0
        if lost != "the webhook":
            await oauth.token(work.app.settings.flutterwave_v4_token_url, "client", "client-secret", app.clock.now())
            till.manners.answer = "dropped_after"
        bill = await pushed(work)
        if lost != "the webhook":
            assert [one.state for one in await work.dispatch()] == []
            assert not till.charges(), "the first of three calls had no answer, so none followed"
            till.manners.answer = "given"
            for _ in range(3):
                work.forward(minutes=6)
                await payment_doors.poll(work.app)
            assert await attempts(app) == [("mobile_push", "failed", "never_arrived")]
            return
        await answered(work)
        work.forward(minutes=3)
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), len(till.truth)) == ([0], 1)


async def test_a_charge_whose_answer_was_lost_is_found_by_our_reference(app: App) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        bill = await pushed(work)
        async with app.db.writing() as conn:
            await conn.execute(attempt.update().values(provider_ref=None, state="unknown"))
        work.flutterwave_v4.manners.calls = 0
        await answered(work)
        await payment_doors.poll(work.app)
        assert (await opened(app, bill), await cash(app, "flutterwave_v4")) == ([0], 120_050)


async def test_a_webhook_that_overtakes_the_answer_finds_its_attempt_by_our_key(app: App) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        bill = await pushed(work)
        async with app.db.writing() as conn:
            await conn.execute(attempt.update().values(provider_ref=None, state="sent"))
        await answered(work)
        assert (await opened(app, bill), await attempts(app)) == ([0], [("mobile_push", "succeeded", None)])


@pytest.mark.parametrize(("phone", "reason"), [("901", "funds"), ("902", "expired"), ("903", "pin")])
async def test_why_it_failed_is_told(app: App, phone: str, reason: str) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        await pushed(work, f"+254700000{phone}")
        await answered(work)
        assert await attempts(app) == [("mobile_push", "failed", reason)]


async def test_one_token_serves_ten_minutes_and_a_refused_one_is_asked_for_again(app: App) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        api, till = named(work.app, "flutterwave_v4"), work.flutterwave_v4
        assert isinstance(api, FlutterwaveV4)
        for _ in range(3):
            await api._ask("GET", "/charges")
        assert len(till.tokens) == 1
        assert isinstance(app.clock, SetClock)
        app.clock.forward(timedelta(minutes=10))
        await api._ask("GET", "/charges")
        assert len(till.tokens) == 2
        till.tokens.clear()
        assert isinstance(await api._ask("GET", "/charges"), NotReached)
        assert await api._ask("GET", "/charges") == []
        till.client_secret = "changed"
        oauth.forget(api.token_url, "client")
        assert isinstance(await api._ask("GET", "/charges"), NotReached)


async def test_the_same_key_twenty_times_at_once_is_one_charge(app: App) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        api = named(work.app, "flutterwave_v4")
        assert isinstance(api, FlutterwaveV4)
        oauth.forget(api.token_url, "client")  # of a test before, whose double had this port
        body = {"email": "a@example.org"}
        made = await asyncio.gather(*(api._make("/customers", body, "k:customer") for _ in range(20)))
        assert len({one["id"] for one in made if isinstance(one, dict)}) == 1


async def test_forged_empty_and_old_form_signatures_are_refused(app: App) -> None:
    async with tills_at_work(app, mobile_push="flutterwave_v4") as work:
        bill = await pushed(work)
        [charge] = work.flutterwave_v4.charges()
        body = json.dumps(work.flutterwave_v4.event("charge.completed", charge | {"status": "succeeded"})).encode()
        wrong = base64.b64encode(hmac.new(b"another", body, hashlib.sha256).digest()).decode()
        for headers in ({}, {"flutterwave-signature": ""}, {"flutterwave-signature": wrong}, {"verif-hash": SECRET}):
            assert await work.post("flutterwave_v4", body, headers) == 403
        right = work.flutterwave_v4.signed(body)
        assert await work.post("flutterwave_v4", body + b" ", dict(right)) == 403
        assert await work.post("flutterwave_v4", body, dict(right)) == 200
        assert (await opened(app, bill), await cash(app, "flutterwave_v4")) == ([120_050], 0), "it is only asked about"


def test_a_reference_fits_whatever_the_key_is_made_of() -> None:
    found = {reference(key) for key in ("push:1", "push:1*2", "push:" + "é" * 300, "push:" + "é" * 301)}
    assert len(found) == 4
    assert all(6 <= len(one) <= 42 and one.isascii() and one.replace("-", "").isalnum() for one in found)
    assert parts("+254712345678") == ("254", "712345678")
    with pytest.raises(ValueError, match="not a number"):
        parts("0712")
