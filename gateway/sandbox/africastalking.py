"""Africa's Talking as it behaves on the wire, with a ledger of what it took, and faults on request.

It takes SMS, airtime and SIM-change questions at the provider's own paths, answers in the provider's own words, and calls back
like the provider. What it accepted is its truth (`taken`): tests compare ours with it. `misbehave` gives a number a fault;
`GET /double/taken` and `POST /double/misbehave` do the same for a demo that runs beside it.
"""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import aiohttp
from aiohttp import web

from core.clock import Clock
from core.phone import from_provider

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Fault = Literal[
    "none", "timeout_before", "timeout_after", "drop", "server_error", "busy", "refuse", "undelivered", "twice"
]
"""What a number suffers: no answer before or after taking the message, a dropped connection, HTTP 500 or 503, a refusal (403),
a failed delivery report, every callback twice."""

Kind = Literal["sms", "airtime", "simswap"]
MARKS: dict[Kind, str] = {"sms": "ATXid_", "airtime": "ATQid_", "simswap": "ATSwpid_"}
"""How the provider's ids begin."""

SAME_AIRTIME = timedelta(minutes=5)
"""The provider refuses the same airtime for the same phone within this time, whatever its key."""

DUPLICATE = "A duplicate request was received within the last 5 minutes"


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """One thing the provider accepted (and charged for)."""

    kind: Kind
    ref: str
    to: str
    what: str
    """The text, the amount, or nothing."""
    sender: str | None
    key: str | None
    at: datetime


@dataclass(slots=True)
class AfricasTalking:
    """The double. `hooks` is where it calls back (`http://host/hooks/africastalking/SECRET`); None: it stays silent."""

    clock: Clock
    api_key: str = "double"
    hooks: str | None = None
    content_type: str = "application/json; charset=utf-8"
    patience_s: float = 20.0
    """How long it keeps a caller waiting whom it does not answer."""
    taken: list[AcceptedMessage] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    swaps: dict[str, str] = field(default_factory=dict)
    """Phones whose SIM was changed, with the day (`06-12-2026`)."""
    requests: int = 0
    _answers: dict[str, dict[str, object]] = field(default_factory=dict)
    _calls: set[asyncio.Task[None]] = field(default_factory=set)

    def misbehave(self, number: str, fault: Fault) -> None:
        """From now on, whatever goes to `number` suffers `fault`."""
        self.faults[number] = fault

    def inbox(self, phone: str) -> list[AcceptedMessage]:
        """The SMS a phone got, oldest first."""
        return [one for one in self.taken if one.kind == "sms" and one.to == phone]

    def app(self) -> web.Application:
        """The provider's services, all under one address."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.post("/version1/messaging", self._messaging),
                web.post("/version1/airtime/send", self._airtime),
                web.post("/v1/sim-swap", self._sim_swap),
                web.get("/double/taken", self._list),
                web.post("/double/misbehave", self._tell),
            ]
        )
        app.on_cleanup.append(self._stop)
        return app

    async def settle(self) -> None:
        """Waits until every call back was made."""
        while self._calls:
            await asyncio.gather(*self._calls)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests += 1
        if not request.path.startswith("/double/") and request.headers.get("apiKey") != self.api_key:
            return web.Response(status=401, text="The supplied authentication is invalid")
        return await handler(request)

    async def _messaging(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        numbers = [number for number in form.get("to", "").split(",") if number]
        if not form.get("message") or not numbers:
            return web.Response(status=400, text="Request is missing required form field 'to' or 'message'")
        fault = self._worst(numbers)
        if early := await self._before(fault, request):
            return early
        rows = [self._text(number, form) for number in numbers]
        await self._after(fault)
        accepted = sum(row["statusCode"] == 101 for row in rows)
        message = f"Sent to {accepted}/{len(rows)} Total Cost: KES {accepted * 8000 / 10000:.4f}"
        return self._json({"SMSMessageData": {"Message": message, "Recipients": rows}}, 201)

    def _text(self, number: str, form: Mapping[str, str]) -> dict[str, object]:
        if from_provider(number) != number or self.faults.get(number) == "refuse":
            return {
                "statusCode": 403,
                "number": number,
                "status": "InvalidPhoneNumber",
                "cost": "0",
                "messageId": "None",
            }
        ref = self._take("sms", number, form["message"], form.get("from"))
        final = (
            {"status": "Failed", "failureReason": "DeliveryFailure"} if self._fails(number) else {"status": "Success"}
        )
        for status in ({"status": "Sent"}, final):
            self._call(
                "delivery",
                number,
                {"id": ref, "phoneNumber": number, "networkCode": "63902", "retryCount": "0", **status},
            )
        return {"statusCode": 101, "number": number, "status": "Success", "cost": "KES 0.8000", "messageId": ref}

    async def _airtime(self, request: web.Request) -> web.StreamResponse:
        form, key = await request.post(), request.headers.get("Idempotency-Key")
        try:
            [order] = json.loads(str(form.get("recipients")))
            number, amount = str(order["phoneNumber"]), str(order["amount"])
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400, text="Request is missing required form field 'recipients'")
        fault = self.faults.get(number, "none")
        if early := await self._before(fault, request):
            return early
        answer = self._answers.get(key) if key else None
        if answer is None:
            answer = self._top_up(number, amount, key)
            if key:
                self._answers[key] = answer
        await self._after(fault)
        return self._json(answer, 201)

    def _top_up(self, number: str, amount: str, key: str | None) -> dict[str, object]:
        nothing = {"numSent": 0, "totalAmount": "0", "totalDiscount": "0"}
        if any(
            one.kind == "airtime"
            and (one.to, one.what) == (number, amount)
            and self.clock.now() - one.at < SAME_AIRTIME
            for one in self.taken
        ):
            return {"errorMessage": DUPLICATE, "responses": [], **nothing}
        row = {"phoneNumber": number, "amount": amount, "discount": "KES 0.0000", "errorMessage": "None"}
        if self.faults.get(number) == "refuse":
            row |= {"errorMessage": "Invalid phone number", "status": "Failed", "requestId": "None"}
            return {"errorMessage": "None", "responses": [row], **nothing}
        ref = self._take("airtime", number, amount, key=key)
        failed = self._fails(number)
        told = {"requestId": ref, "phoneNumber": number, "value": amount, "discount": "KES 0.0000"}
        words = (
            ("Failed", "Airtime could not be delivered") if failed else ("Success", "Airtime Delivered Successfully")
        )
        self._call("airtime", number, {**told, "status": words[0], "description": words[1]})
        row |= {"status": "Sent", "requestId": ref}
        return {
            "errorMessage": "None",
            "numSent": 1,
            "totalAmount": amount,
            "totalDiscount": "KES 0",
            "responses": [row],
        }

    async def _sim_swap(self, request: web.Request) -> web.StreamResponse:
        try:
            numbers = [str(number) for number in (await request.json())["phoneNumbers"]]
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400, text="phoneNumbers is required")
        rows, transaction = [], secrets.token_hex(8)
        for number in numbers:
            ref = self._take("simswap", number)
            day = self.swaps.get(number)
            told = {"status": "Swapped" if day else "NotSwapped", "lastSimSwapDate": day or "01-01-1900"}
            self._call("simswap", number, {**told, "requestId": ref, "transactionId": transaction}, as_json=True)
            rows.append({"phoneNumber": {"number": number}, "requestId": ref, "status": "Queued"})
        return self._json({"status": "Processed", "transactionId": transaction, "responses": rows}, 200)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        phone, kind = request.query.get("phone"), request.query.get("kind")
        rows = [
            {**asdict(one), "at": one.at.isoformat()}
            for one in self.taken
            if phone in (None, one.to) and kind in (None, one.kind)
        ]
        return web.json_response(rows)

    async def _tell(self, request: web.Request) -> web.StreamResponse:
        told = await request.json()
        self.misbehave(str(told["number"]), told["fault"])
        return web.json_response({})

    def _worst(self, numbers: list[str]) -> Fault:
        return next(
            (fault for number in numbers if (fault := self.faults.get(number)) not in (None, "none", "refuse")), "none"
        )

    async def _before(self, fault: Fault, request: web.Request) -> web.Response | None:
        """What happens to a request that the provider does not take."""
        if fault == "timeout_before":
            await asyncio.sleep(self.patience_s)
        if fault == "drop" and request.transport:
            request.transport.abort()
        status = {"timeout_before": 504, "drop": 500, "server_error": 500, "busy": 503}.get(fault)
        return web.Response(status=status, text="<html>Bad gateway</html>") if status else None

    async def _after(self, fault: Fault) -> None:
        if fault == "timeout_after":
            await asyncio.sleep(self.patience_s)

    def _fails(self, number: str) -> bool:
        return self.faults.get(number) == "undelivered"

    def _take(self, kind: Kind, to: str, what: str = "", sender: str | None = None, *, key: str | None = None) -> str:
        ref = MARKS[kind] + secrets.token_hex(16)
        self.taken.append(AcceptedMessage(kind, ref, to, what, sender, key, self.clock.now()))
        return ref

    def _call(self, door: str, number: str, fields: dict[str, str], as_json: bool = False) -> None:
        if self.hooks is None:
            return
        for _ in range(2 if self.faults.get(number) == "twice" else 1):
            task = asyncio.create_task(self._post(f"{self.hooks.rstrip('/')}/{door}", fields, as_json))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _post(self, url: str, fields: dict[str, str], as_json: bool) -> None:
        async with aiohttp.ClientSession() as http:
            for wait in (0.0, 0.1, 0.5, 2.0):
                await asyncio.sleep(wait)
                try:
                    async with http.post(
                        url, data=None if as_json else fields, json=fields if as_json else None
                    ) as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    continue

    async def _stop(self, app: web.Application) -> None:
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _json(self, body: object, status: int) -> web.Response:
        return web.Response(status=status, body=json.dumps(body).encode(), headers={"Content-Type": self.content_type})
