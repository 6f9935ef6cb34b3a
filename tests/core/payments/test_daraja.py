"""M-Pesa's wire format: what we send, what we read, what we refuse. Bodies as Safaricom documents them."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from core.clock import SetClock
from core.payments.providers import daraja_token
from core.payments.providers.contract import (
    Begun,
    Declined,
    NotUnderstood,
    Queried,
    StartRequest,
    StatusQuery,
    Unanswered,
    Unreached,
)
from core.payments.providers.daraja import Daraja, timestamp
from core.payments.providers.daraja_payloads import REASONS, read_confirmation, read_result
from core.payments.providers.http import loads
from core.payments.providers.parse import amount
from tests.doubles.daraja import Double, Manners, make_app

WANTED = StartRequest(
    method="mobile_push",
    key="push:1",
    attempt_id=1,
    amount_minor=120_000,
    currency="KES",
    reference="ACCOUNT-NUMBER-1",
    description="Mwangaza Power",
    callback_url="http://127.0.0.1:9/hooks/payments/s/daraja",
    phone="+254700000001",
)


def said(code: int = 0, **metadata: Any) -> dict[str, Any]:
    result: dict[str, Any] = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": "ws_CO_1",
        "ResultCode": code,
        "ResultDesc": "...",
    }
    if code == 0:
        told = {"Amount": 1200.0, "MpesaReceiptNumber": "NLJ7RT61SV", "TransactionDate": 20260310120259, **metadata}
        items: list[dict[str, Any]] = [{"Name": name, "Value": value} for name, value in told.items()]
        result["CallbackMetadata"] = {
            "Item": [*items, {"Name": "Balance"}, {"Name": "PhoneNumber", "Value": 254700000001}]
        }
    read: dict[str, Any] = loads(json.dumps({"Body": {"stkCallback": result}}).encode())
    return read


@asynccontextmanager
async def connected(clock: SetClock, **manners: Any) -> AsyncIterator[tuple[Daraja, Double]]:
    double = Double(clock=clock, manners=Manners(calls=0, **manners))
    async with TestServer(make_app(double)) as server:
        url = str(server.make_url("")).rstrip("/")
        yield Daraja(url, "key", "secret", "600638", "passkey", clock), double
        daraja_token.forget(url, "key")


def asked(ref: str | None) -> StatusQuery:
    return StatusQuery("mobile_push", "push:1", ref, 120_000, "KES", datetime(2026, 3, 10, 9, 0, tzinfo=UTC))


async def test_a_push_is_what_daraja_accepts(clock: SetClock) -> None:
    async with connected(clock) as (mpesa, double):
        answer = await mpesa.start(WANTED)
        [prompt] = double.prompts.values()
        assert answer == Begun(prompt.checkout_id)
        assert (prompt.amount, prompt.reference, prompt.phone) == (1200, "ACCOUNT-NUMB", "254700000001")
        assert prompt.callback_url.endswith("/daraja/stk?attempt=1")


def test_the_password_is_of_east_african_time(clock: SetClock) -> None:
    signed = Daraja("", "", "", "600638", "passkey", clock)._signed()
    assert signed["Timestamp"] == "20260310120000"
    assert b64decode(signed["Password"]) == b"600638passkey20260310120000"
    assert timestamp(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == "20270101013000"


async def test_one_token_serves_many_calls_until_it_is_old_or_refused(clock: SetClock) -> None:
    async with connected(clock) as (mpesa, double):
        for _ in range(3):
            await mpesa.start(WANTED)
        assert len(double.tokens) == 1
        clock.forward(timedelta(hours=1))
        await mpesa.start(WANTED)
        assert len(double.tokens) == 2
        double.tokens.clear()
        assert isinstance(await mpesa.start(WANTED), Unreached)
        assert isinstance(await mpesa.start(WANTED), Begun)


async def test_wrong_credentials_mean_that_nothing_was_asked(clock: SetClock) -> None:
    async with connected(clock) as (mpesa, double):
        assert isinstance(await replace(mpesa, consumer_secret="wrong").start(WANTED), Unreached)
        assert double.prompts == {}


async def test_a_refusal_is_final_and_a_dropped_line_is_not(clock: SetClock) -> None:
    async with connected(clock) as (mpesa, double):
        assert await mpesa.start(replace(WANTED, phone="+2547")) == Declined("declined")
        double.manners.answer = "dropped_after"
        assert isinstance(await mpesa.start(WANTED), Unanswered)
        assert len(double.prompts) == 1


@pytest.mark.parametrize("url", ["https://mpesa.example.org/x", "https://example.org/Safaricom"])
async def test_a_callback_url_that_daraja_refuses_is_a_mistake_of_ours(clock: SetClock, url: str) -> None:
    with pytest.raises(ValueError, match="refuses callback URLs"):
        await Daraja("", "", "", "600638", "passkey", clock).start(replace(WANTED, callback_url=url))


async def test_cents_are_never_pushed(clock: SetClock) -> None:
    with pytest.raises(ValueError, match="whole shillings"):
        await Daraja("", "", "", "600638", "passkey", clock).start(replace(WANTED, amount_minor=120_050))


@pytest.mark.parametrize(("result", "reason"), [(int(code), word) for code, word in REASONS.items()])
async def test_a_query_tells_how_it_ended(clock: SetClock, result: int, reason: str) -> None:
    async with connected(clock, result=result) as (mpesa, double):
        pushed = await mpesa.start(WANTED)
        await double.idle()
        assert isinstance(pushed, Begun)
        assert await mpesa.query(asked(pushed.provider_ref)) == Queried("failed", pushed.provider_ref, reason=reason)


async def test_a_query_of_an_open_prompt_says_so(clock: SetClock) -> None:
    async with connected(clock, think_seconds=60) as (mpesa, _):
        pushed = await mpesa.start(WANTED)
        assert isinstance(pushed, Begun)
        assert await mpesa.query(asked(pushed.provider_ref)) == Queried("awaiting_customer", pushed.provider_ref)
        assert isinstance(await mpesa.query(asked("ws_CO_unknown")), Unanswered)


def test_a_result_is_read_even_where_an_item_has_no_value() -> None:
    event = read_result(said(), "KES", "77")
    assert (event.kind, event.verified_by, event.attempt_id) == ("succeeded", "query", 77)
    assert (event.txn, event.amount_minor, event.payer) == ("NLJ7RT61SV", 120_000, "***001")
    assert event.at == datetime(2026, 3, 10, 9, 2, 59, tzinfo=UTC)


@pytest.mark.parametrize("about", ["", "x", "²", "9" * 30, "-1"])
def test_an_attempt_in_the_url_that_is_no_number_is_left_out(about: str) -> None:
    assert read_result(said(1032), "KES", about).attempt_id is None


def test_a_cancelled_result_has_no_metadata() -> None:
    event = read_result(said(1032), "KES", "")
    assert (event.key, event.kind, event.reason) == ("stk:ws_CO_1:1032", "failed", "cancelled")
    assert read_result(said(4999), "KES", "").reason == "declined"


@pytest.mark.parametrize(
    "broken",
    [
        b"[]",
        b"{}",
        b"x",
        b'{"Body": 5}',
        b'{"Body": {"stkCallback": []}}',
        b"null",
        b'{"Body":{"stkCallback":{"CheckoutRequestID":"a","ResultCode":0}}}',
    ],
)
def test_what_is_no_result_is_not_understood(clock: SetClock, broken: bytes) -> None:
    with pytest.raises(NotUnderstood):
        Daraja("", "", "", "600638", "passkey", clock).parse_callback({}, broken, "stk", "")


def test_a_confirmation_identifies_nobody_by_phone() -> None:
    event = read_confirmation(
        {
            "TransID": "RKTQDM7W6S",
            "TransTime": "20260310001259",
            "TransAmount": "1200.00",
            "BusinessShortCode": 600638,
            "BillRefNumber": "ACC100",
            "MSISDN": "2547 ***** 001",
        },
        "KES",
        "600638",
    )
    assert (event.key, event.amount_minor, event.reference, event.attempt_id) == (
        "c2b:RKTQDM7W6S",
        120_000,
        "ACC100",
        None,
    )


@pytest.mark.parametrize("value", [None, True, "x", "", "-1", "0", "1.005", "NaN", "1e99", [], 10**20])
def test_an_amount_is_positive_and_exact(value: object) -> None:
    with pytest.raises(ValueError):
        amount(value, "KES")


def test_an_amount_is_in_shillings() -> None:
    assert (amount("1200.50", "KES"), amount(1200, "KES"), amount("1200", "UGX")) == (120_050, 120_000, 1_200)
