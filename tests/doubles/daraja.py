"""A Daraja that speaks its wire format: OAuth, STK push and its query, C2B simulation, and the callbacks it posts to us.

Faithful in what hurts: it refuses long references, broken amounts and callback URLs that name M-Pesa, has no idempotency key, calls
back unsigned, late, twice or never, and answers a query about an open prompt with an error. It keeps the truth in `truth`.
"""

import asyncio
import secrets
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from core.clock import Clock, SystemClock
from core.payments.providers.daraja import timestamp

RESULTS = {
    0: "The service request is processed successfully.",
    1: "The balance is insufficient for the transaction.",
    1001: "Unable to lock subscriber, a transaction is already in process for the current subscriber",
    1019: "Transaction has expired",
    1032: "Request cancelled by user",
    1037: "DS timeout user cannot be reached",
    2001: "The initiator information is invalid.",
}


@dataclass(slots=True)
class Prompt:
    """An STK prompt, and how it ends. `result` None: nobody answered it yet."""

    checkout_id: str
    merchant_id: str
    phone: str
    amount: int
    reference: str
    callback_url: str
    result: int | None = None
    receipt: str = ""


@dataclass(slots=True)
class Manners:
    """How the next prompts end. `answer`: given, dropped_before (nothing done), dropped_after; `calls` 0: a lost callback."""

    result: int = 0
    calls: int = 1
    late_seconds: float = 0
    think_seconds: float = 0
    answer: str = "given"
    back: int = 0
    """The ResultCode of a reversal. 21 is as in Safaricom's own sample: a code of failure, and the money went back."""
    also_confirms: bool = False
    """Whether a paid prompt also comes as a paybill confirmation, as it does once C2B URLs are registered."""


@dataclass(slots=True)
class Double:
    """The double at work."""

    consumer_key: str = "key"
    consumer_secret: str = "secret"
    shortcode: str = "600638"
    passkey: str = "passkey"
    clock: Clock = field(default_factory=SystemClock)
    manners: Manners = field(default_factory=Manners)
    prompts: dict[str, Prompt] = field(default_factory=dict)
    truth: list[tuple[str, int, str]] = field(default_factory=list)
    """(receipt number, whole shillings, reference) of all money that moved."""
    confirmation_url: str = ""
    validation_url: str = ""
    reversals: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """Originator's conversation -> (number, whole shillings, ResultCode) of every reversal that was asked for."""
    tokens: set[str] = field(default_factory=set)
    answers: list[tuple[int, str]] = field(default_factory=list)
    """What its callbacks were answered."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let `work` go on beside the requests."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def idle(self) -> None:
        """Until nothing is under way."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def password_is_right(self, said: dict[str, Any]) -> bool:
        """`base64(shortcode + passkey + timestamp)` in East Africa Time, of this hour."""
        stamp = str(said["Timestamp"])
        expected = f"{self.shortcode}{self.passkey}{stamp}"
        fresh = stamp[:10] == timestamp(self.clock.now())[:10]
        return fresh and b64decode(str(said["Password"])).decode() == expected

    async def play(self, prompt: Prompt, manners: Manners) -> None:
        """They answer the prompt, and Daraja calls back."""
        await asyncio.sleep(manners.think_seconds)
        prompt.result = manners.result
        if prompt.result == 0:
            prompt.receipt = number()
            self.truth.append((prompt.receipt, prompt.amount, prompt.reference))
            if manners.also_confirms:
                await self.post(
                    self.confirmation_url, self.confirmation(prompt.receipt, prompt.amount, prompt.reference)
                )
        await asyncio.sleep(manners.late_seconds)
        for _ in range(manners.calls):
            await self.post(prompt.callback_url, self.result(prompt))

    def result(self, prompt: Prompt) -> dict[str, Any]:
        """The STK callback of an answered prompt."""
        said: dict[str, Any] = {
            "MerchantRequestID": prompt.merchant_id,
            "CheckoutRequestID": prompt.checkout_id,
            "ResultCode": prompt.result,
            "ResultDesc": RESULTS[prompt.result or 0],
        }
        if prompt.result == 0:
            said["CallbackMetadata"] = {
                "Item": [
                    {"Name": "Amount", "Value": prompt.amount + 0.0},
                    {"Name": "MpesaReceiptNumber", "Value": prompt.receipt},
                    {"Name": "Balance"},
                    {"Name": "TransactionDate", "Value": int(timestamp(self.clock.now()))},
                    {"Name": "PhoneNumber", "Value": int(prompt.phone)},
                ]
            }
        return {"Body": {"stkCallback": said}}

    def confirmation(self, receipt: str, amount: int, reference: str) -> dict[str, Any]:
        """A paybill confirmation: amounts as text, the payer masked."""
        return {
            "TransactionType": "Pay Bill",
            "TransID": receipt,
            "TransTime": timestamp(self.clock.now()),
            "TransAmount": f"{amount}.00",
            "BusinessShortCode": self.shortcode,
            "BillRefNumber": reference,
            "InvoiceNumber": "",
            "OrgAccountBalance": "49197.00",
            "ThirdPartyTransID": "",
            "MSISDN": "2547 ***** 001",
            "FirstName": "AMINA",
        }

    async def post(self, url: str, said: dict[str, Any]) -> dict[str, Any]:
        """One callback; Daraja does not try again."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session,
                session.post(url, json=said) as response,
            ):
                self.answers.append((response.status, await response.text()))
                answer: dict[str, Any] = await response.json()
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.answers.append((0, ""))
            return {}


def number() -> str:
    """A receipt number as M-Pesa makes them: ten capital letters and figures."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(10))


DOUBLE: web.AppKey[Double] = web.AppKey("daraja", Double)


def error(code: str, words: str, status: int = 400) -> web.Response:
    """A refusal in Daraja's words."""
    return web.json_response(
        {"requestId": secrets.token_hex(8), "errorCode": code, "errorMessage": words}, status=status
    )


async def _token(request: web.Request) -> web.Response:
    double = request.app[DOUBLE]
    expected = b64encode(f"{double.consumer_key}:{double.consumer_secret}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {expected}":
        return error("400.008.01", "Invalid Authentication passed")
    token = secrets.token_urlsafe(20)
    double.tokens.add(token)
    return web.json_response({"access_token": token, "expires_in": "3599"})


def stranger(request: web.Request) -> bool:
    """Whether the token is none of ours."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ") not in request.app[DOUBLE].tokens


def _wrong(double: Double, said: dict[str, Any]) -> str | None:
    """What Daraja would find wrong with an STK push."""
    url, phone = str(said.get("CallBackURL", "")), str(said.get("PhoneNumber", ""))
    checks = {
        "Amount": isinstance(said.get("Amount"), int) and said["Amount"] >= 1,
        "PhoneNumber": phone.isdigit() and phone.startswith("254") and len(phone) == 12 and said.get("PartyA") == phone,
        "BusinessShortCode": said.get("BusinessShortCode") == double.shortcode == said.get("PartyB"),
        "TransactionType": said.get("TransactionType") == "CustomerPayBillOnline",
        "AccountReference": 0 < len(str(said.get("AccountReference", ""))) <= 12,
        "TransactionDesc": 0 < len(str(said.get("TransactionDesc", ""))) <= 13,
        "CallBackURL": url.startswith("http") and "mpesa" not in url.lower() and "safaricom" not in url.lower(),
        "Password": double.password_is_right(said),
    }
    return next((name for name, right in checks.items() if not right), None)


async def _push(request: web.Request) -> web.StreamResponse:
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    if wrong := _wrong(double, said):
        return error("400.002.02", f"Bad Request - Invalid {wrong}")
    manners = double.manners
    if manners.answer == "dropped_before":
        return drop(request)
    prompt = Prompt(
        f"ws_CO_{secrets.token_hex(10)}",
        f"29115-{secrets.token_hex(4)}-1",
        str(said["PhoneNumber"]),
        said["Amount"],
        said["AccountReference"],
        said["CallBackURL"],
    )
    double.prompts[prompt.checkout_id] = prompt
    double.start(double.play(prompt, manners))
    if manners.answer == "dropped_after":
        return drop(request)
    return web.json_response(
        {
            "MerchantRequestID": prompt.merchant_id,
            "CheckoutRequestID": prompt.checkout_id,
            "ResponseCode": "0",
            "ResponseDescription": "Success. Request accepted for processing",
            "CustomerMessage": "Success. Request accepted for processing",
        }
    )


def drop(request: web.Request) -> web.Response:
    """Hang up without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _query(request: web.Request) -> web.StreamResponse:
    double, said = request.app[DOUBLE], await request.json()
    if stranger(request):
        return error("404.001.03", "Invalid Access Token", 401)
    if double.manners.answer != "given":
        return drop(request)
    prompt = double.prompts.get(str(said.get("CheckoutRequestID")))
    if prompt is None or not double.password_is_right(said):
        return error("400.002.02", "Bad Request - Invalid CheckoutRequestID")
    if prompt.result is None:
        return error("500.001.1001", "The transaction is being processed", 500)
    return web.json_response(
        {
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successsfully",
            "MerchantRequestID": prompt.merchant_id,
            "CheckoutRequestID": prompt.checkout_id,
            "ResultCode": str(prompt.result),
            "ResultDesc": RESULTS[prompt.result],
        }
    )


def make_app(double: Double) -> web.Application:
    """Daraja as a service of its own."""
    from tests.doubles.daraja_paybill import ROUTES

    app = web.Application()
    app[DOUBLE] = double

    async def life(_app: web.Application) -> AsyncIterator[None]:
        yield
        for task in list(double.tasks):
            task.cancel()

    app.cleanup_ctx.append(life)
    app.add_routes(
        [
            web.get("/oauth/v1/generate", _token),
            web.post("/mpesa/stkpush/v1/processrequest", _push),
            web.post("/mpesa/stkpushquery/v1/query", _query),
            *ROUTES,
        ]
    )
    return app
