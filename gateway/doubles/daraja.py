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
from core.payments.providers.daraja import EAT, timestamp

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
    also_confirms: bool = False
    """Whether a paid prompt also comes as a paybill confirmation, as it does once C2B URLs are registered."""


@dataclass(slots=True)
class Double:
    """The double at work."""

    consumer_key: str = "key"
    consumer_secret: str = "secret"  # noqa: S105 - the double's own
    shortcode: str = "600638"
    passkey: str = "passkey"
    clock: Clock = field(default_factory=SystemClock)
    manners: Manners = field(default_factory=Manners)
    prompts: dict[str, Prompt] = field(default_factory=dict)
    truth: list[tuple[str, int, str]] = field(default_factory=list)
    """(receipt number, whole shillings, reference) of all money that moved."""
    confirmation_url: str = ""
    validation_url: str = ""
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
        """She answers the prompt, and Daraja calls back."""
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
            "MerchantRequestID": prompt.merchant_id, "CheckoutRequestID": prompt.checkout_id,
            "ResultCode": prompt.result, "ResultDesc": RESULTS[prompt.result or 0],
        }  # fmt: skip
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
            "TransactionType": "Pay Bill", "TransID": receipt, "TransTime": timestamp(self.clock.now()),
            "TransAmount": f"{amount}.00", "BusinessShortCode": self.shortcode, "BillRefNumber": reference,
            "InvoiceNumber": "", "OrgAccountBalance": "49197.00", "ThirdPartyTransID": "",
            "MSISDN": "2547 ***** 001", "FirstName": "AMINA",
        }  # fmt: skip

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


def _error(code: str, words: str, status: int = 400) -> web.Response:
    return web.json_response(
        {"requestId": secrets.token_hex(8), "errorCode": code, "errorMessage": words}, status=status
    )


async def _token(request: web.Request) -> web.Response:
    double = request.app[DOUBLE]
    expected = b64encode(f"{double.consumer_key}:{double.consumer_secret}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {expected}":
        return _error("400.008.01", "Invalid Authentication passed")
    token = secrets.token_urlsafe(20)
    double.tokens.add(token)
    return web.json_response({"access_token": token, "expires_in": "3599"})


def _stranger(request: web.Request) -> bool:
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
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    if wrong := _wrong(double, said):
        return _error("400.002.02", f"Bad Request - Invalid {wrong}")
    manners = double.manners
    if manners.answer == "dropped_before":
        return _drop(request)
    prompt = Prompt(
        f"ws_CO_{secrets.token_hex(10)}", f"29115-{secrets.token_hex(4)}-1", str(said["PhoneNumber"]), said["Amount"],
        said["AccountReference"], said["CallBackURL"],
    )  # fmt: skip
    double.prompts[prompt.checkout_id] = prompt
    double.start(double.play(prompt, manners))
    if manners.answer == "dropped_after":
        return _drop(request)
    return web.json_response({
        "MerchantRequestID": prompt.merchant_id, "CheckoutRequestID": prompt.checkout_id, "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
        "CustomerMessage": "Success. Request accepted for processing",
    })  # fmt: skip


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _query(request: web.Request) -> web.StreamResponse:
    double, said = request.app[DOUBLE], await request.json()
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    if double.manners.answer != "given":
        return _drop(request)
    prompt = double.prompts.get(str(said.get("CheckoutRequestID")))
    if prompt is None or not double.password_is_right(said):
        return _error("400.002.02", "Bad Request - Invalid CheckoutRequestID")
    if prompt.result is None:
        return _error("500.001.1001", "The transaction is being processed", 500)
    return web.json_response({
        "ResponseCode": "0", "ResponseDescription": "The service request has been accepted successsfully",
        "MerchantRequestID": prompt.merchant_id, "CheckoutRequestID": prompt.checkout_id,
        "ResultCode": str(prompt.result), "ResultDesc": RESULTS[prompt.result],
    })  # fmt: skip


async def _simulate(request: web.Request) -> web.Response:
    """Somebody pays into the paybill: validation first, then the money, then the confirmation."""
    double, said = request.app[DOUBLE], await request.json()
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    note = double.confirmation(number(), int(said["Amount"]), str(said["BillRefNumber"]))
    if double.validation_url:
        verdict = await double.post(double.validation_url, note)
        if str(verdict.get("ResultCode", "0")) != "0":
            return web.json_response({"ResponseCode": "1", "ResponseDescription": verdict["ResultCode"]})
    double.truth.append((note["TransID"], int(said["Amount"]), note["BillRefNumber"]))
    double.start(_confirm(double, note))
    return web.json_response({"ResponseCode": "0", "ResponseDescription": "Accept the service request successfully."})


async def _confirm(double: Double, note: dict[str, Any]) -> None:
    for _ in range(double.manners.calls):
        await double.post(double.confirmation_url, note)


def _listed(double: Double) -> list[dict[str, Any]]:
    return [
        {
            "transactionId": receipt, "trxDate": double.clock.now().astimezone(EAT).strftime("%Y-%m-%dT%H:%M:%S"),
            "msisdn": "2547 ***** 001", "sender": "MPESA", "transactiontype": "c2b-pay-bill-debit",
            "billreference": reference, "amount": f"{amount}.00", "organizationname": "Mwangaza",
        }
        for receipt, amount, reference in double.truth
    ]  # fmt: skip


async def _pull(request: web.Request) -> web.StreamResponse:
    """What came to the paybill, two a page."""
    double, said = request.app[DOUBLE], await request.json()
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    if double.manners.answer != "given":
        return _drop(request)
    start = int(said["OffSetValue"])
    page = _listed(double)[start : start + 2]
    return web.json_response(
        {"ResponseRefID": "r", "ResponseCode": "1000", "ResponseMessage": "Success", "Response": [page]}
    )


async def _status(request: web.Request) -> web.StreamResponse:
    """What one transaction was: told later, under the conversation."""
    double, said = request.app[DOUBLE], await request.json()
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    if said["CommandID"] != "TransactionStatusQuery" or not said["Initiator"] or not said["SecurityCredential"]:
        return _error("400.002.02", "Bad Request - Invalid Initiator")
    conversation = f"AG_{secrets.token_hex(8)}"
    found = next((one for one in double.truth if one[0] == said["TransactionID"]), None)
    result: dict[str, Any] = {
        "ResultType": 0, "ResultCode": 0 if found else 2032, "ConversationID": conversation, "ResultDesc": "...",
        "OriginatorConversationID": secrets.token_hex(8), "TransactionID": number(),
    }  # fmt: skip
    if found:
        told = {"ReceiptNo": found[0], "Amount": found[1], "TransactionStatus": "Completed", "DebitPartyName": "A"}
        items = [{"Key": key, "Value": value} for key, value in told.items()]
        result["ResultParameters"] = {"ResultParameter": items}
    double.start(_tell_later(double, said["ResultURL"], {"Result": result}))
    return web.json_response({"ConversationID": conversation, "OriginatorConversationID": "o", "ResponseCode": "0"})


async def _tell_later(double: Double, url: str, said: dict[str, Any]) -> None:
    await asyncio.sleep(0.05)
    await double.post(url, said)


async def _register(request: web.Request) -> web.Response:
    double, said = request.app[DOUBLE], await request.json()
    if _stranger(request):
        return _error("404.001.03", "Invalid Access Token", 401)
    urls = said["ConfirmationURL"], said["ValidationURL"]
    if any("mpesa" in url.lower() for url in urls) or said["ResponseType"] not in ("Completed", "Cancelled"):
        return _error("400.003.02", "Bad Request - Invalid URL")
    double.confirmation_url, double.validation_url = urls
    return web.json_response({"OriginatorCoversationID": secrets.token_hex(8), "ResponseCode": "0"})


def make_app(double: Double) -> web.Application:
    """Daraja as a service of its own."""
    app = web.Application()
    app[DOUBLE] = double

    async def life(_app: web.Application) -> AsyncIterator[None]:
        yield
        for task in list(double.tasks):
            task.cancel()

    app.cleanup_ctx.append(life)
    app.add_routes([
        web.get("/oauth/v1/generate", _token), web.post("/mpesa/stkpush/v1/processrequest", _push),
        web.post("/mpesa/stkpushquery/v1/query", _query), web.post("/mpesa/c2b/v1/simulate", _simulate),
        web.post("/mpesa/c2b/v2/registerurl", _register), web.post("/pulltransactions/v1/query", _pull),
        web.post("/mpesa/transactionstatus/v1/query", _status),
    ])  # fmt: skip
    return app
