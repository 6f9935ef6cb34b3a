"""M-Pesa by Daraja: STK push to a phone and its query; paybill payments registered for, asked about, pulled, and given back.

Daraja has no idempotency key and signs nothing. So an STK result is only believed after a query by CheckoutRequestID, which says
whether but not how much: the amount is the one we asked for. A push whose answer never came has no CheckoutRequestID to ask by;
the callback URL carries our attempt id, so its callback still finds it, and without any trace it expires, because a prompt lives for a
minute or two. A payment is given back by a reversal (`daraja_back.py`). Amounts are whole shillings out and decimal shillings in. Account references have at most 12 letters, descriptions 13.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core import money
from core.clock import Clock
from core.context import App
from core.payments.providers import daraja_reversal, daraja_token
from core.payments.providers.contract import (
    Begun,
    Declined,
    Later,
    Method,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    StatusQuery,
    Told,
    Unanswered,
    Unaskable,
    Unreached,
)
from core.payments.providers.daraja_payloads import REASONS, read_confirmation, read_pulled, read_result, read_status
from core.payments.providers.hook import callback_url
from core.payments.providers.http import Reply, call, loads

EAT = ZoneInfo("Africa/Nairobi")
"""Daraja's timestamps are of this zone, whatever the operator's."""
IN_PROGRESS = "500.001.1001"
MOST_SHILLINGS = 250_000
"""Of one transaction, by the customer's limit of M-Pesa in Kenya."""
NO_TRACE_AFTER = timedelta(minutes=15)
"""A prompt whose answer was lost, and of which nothing was heard for so long, was never shown or never answered."""


@dataclass(frozen=True, slots=True)
class Daraja:
    """The Daraja of one paybill number."""

    base_url: str
    consumer_key: str
    consumer_secret: str
    shortcode: str
    passkey: str
    clock: Clock
    currency: str = "KES"
    initiator: str = ""
    credential: str = ""
    hook: str = ""
    name: str = "daraja"

    @property
    def methods(self) -> frozenset[Method]:
        """Prompts; and reversals, once an API operator is set up who may make them."""
        pushes: frozenset[Method] = frozenset({"mobile_push"})
        return pushes | {"refund"} if self.initiator else pushes

    @property
    def step_minor(self) -> int:
        """Whole shillings."""
        return int(10 ** money.exponent(self.currency))

    @property
    def most_minor(self) -> int | None:
        """M-Pesa's limit of one transaction in Kenya."""
        return MOST_SHILLINGS * self.step_minor if self.currency == "KES" else None

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """What Daraja wants to hear."""
        return {"ResultCode": 0, "ResultDesc": "Accepted"}

    async def start(self, wanted: StartRequest) -> Started:
        """An STK push, the prompt with which she pays by her M-Pesa PIN; or the reversal of a payment."""
        if wanted.method == "refund":
            return await self._give_back(wanted)
        url = _welcome(f"{wanted.callback_url}/stk?attempt={wanted.attempt_id}")
        if wanted.amount_minor % self.step_minor:
            raise ValueError("M-Pesa takes whole shillings only")
        phone = (wanted.phone or "").lstrip("+")
        body = {
            **self._signed(),
            "TransactionType": "CustomerPayBillOnline",
            "Amount": wanted.amount_minor // self.step_minor,
            "PartyA": phone,
            "PartyB": self.shortcode,
            "PhoneNumber": phone,
            "CallBackURL": url,
            "AccountReference": wanted.reference[:12],
            "TransactionDesc": wanted.description[:13],
        }
        reply = await self._post("/mpesa/stkpush/v1/processrequest", body)
        if not isinstance(reply, Reply):
            return reply
        if reply.status == 200 and str(reply.body.get("ResponseCode")) == "0" and reply.body.get("CheckoutRequestID"):
            return Begun(str(reply.body["CheckoutRequestID"]))
        refused = reply.body.get("errorCode") or (reply.status == 200 and reply.body.get("ResponseCode"))
        return Declined("busy" if refused == IN_PROGRESS else "declined") if refused else _unsaid(reply)

    async def query(self, asked: StatusQuery) -> Told:
        """What became of a prompt, by its CheckoutRequestID; of a reversal, by its conversation: that is answered later."""
        if asked.method == "refund":
            return await self._ask_back(asked)
        if asked.provider_ref is None:
            gone = self.clock.now() - asked.created_at >= NO_TRACE_AFTER
            return Queried("expired", reason="no_trace") if gone else Unaskable("no CheckoutRequestID to ask by")
        reply = await self._post(
            "/mpesa/stkpushquery/v1/query", {**self._signed(), "CheckoutRequestID": asked.provider_ref}
        )
        if not isinstance(reply, Reply):
            return reply
        if reply.body.get("errorCode") == IN_PROGRESS:
            return Queried("awaiting_customer", asked.provider_ref)
        code = str(reply.body.get("ResultCode", ""))
        if reply.status != 200 or not code:
            return _unsaid(reply)
        if code == "0":
            return Queried("succeeded", asked.provider_ref)
        return Queried("failed", asked.provider_ref, reason=REASONS.get(code, "declined"))

    async def _give_back(self, wanted: StartRequest) -> Started:
        _welcome(wanted.callback_url)
        body = daraja_reversal.request(wanted, self.shortcode, self.step_minor) | self._operator()
        reply = await self._post("/mpesa/reversal/v1/request", body)
        return daraja_reversal.begun(reply) if isinstance(reply, Reply) else reply

    async def _ask_back(self, asked: StatusQuery) -> Told:
        if asked.provider_ref is None:
            return Unaskable("no conversation to ask by: its result is awaited, or the organisation's statement tells")
        said = await self.ask_status("", self.hook, conversation=daraja_reversal.originator(asked.provider_ref))
        match said:
            case Begun():
                return Later("asked, the answer is called back", said.provider_ref)
            case Declined():
                return Unanswered("it would not say")
            case _:
                return said

    def _operator(self) -> dict[str, str]:
        return {"Initiator": self.initiator, "SecurityCredential": self.credential}

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """An STK result (`stk`), a paybill confirmation, what a status query found (`result`), what became of a reversal."""
        said = loads(body)
        if not isinstance(said, dict):
            raise NotUnderstood("not a JSON object")
        try:
            if topic == "stk":
                return [read_result(said, self.currency, about)]
            if topic == "confirmation":
                return [read_confirmation(said, self.currency, self.shortcode)]
            if topic == "result":
                return read_status(said, self.currency)
            if topic == "reversal":
                return [daraja_reversal.read(said, self.currency, about)]
        except (KeyError, TypeError, ValueError) as why:
            raise NotUnderstood(f"not a {topic} of Daraja") from why
        if topic == "timeout":
            return []
        raise NotUnderstood("nothing of Daraja's is posted here")

    async def ask_status(self, txn: str, hook: str, *, conversation: str = "") -> Started:
        """Ask what one transaction was, by its number or by the conversation in which we asked for it; the result is posted to
        `hook`/result under the conversation that is given back."""
        which = {"OriginalConversationID": conversation} if conversation else {"TransactionID": txn}
        body = {
            **self._operator(),
            **which,
            "CommandID": "TransactionStatusQuery",
            "PartyA": self.shortcode,
            "IdentifierType": "4",
            "ResultURL": f"{hook}/result",
            "QueueTimeOutURL": f"{hook}/timeout",
            "Remarks": "is it so",
            "Occasion": "",
        }
        reply = await self._post("/mpesa/transactionstatus/v1/query", body)
        if not isinstance(reply, Reply):
            return reply
        taken = reply.status == 200 and str(reply.body.get("ResponseCode")) == "0" and reply.body.get("ConversationID")
        return Begun(str(reply.body["ConversationID"])) if taken else Declined("declined")

    async def register(self, hook: str) -> Started:
        """Tell Safaricom where to ask about paybill payments and where to tell of them (once per paybill)."""
        hook = _welcome(hook)
        body = {
            "ShortCode": self.shortcode,
            "ResponseType": "Completed",
            "ConfirmationURL": f"{hook}/confirmation",
            "ValidationURL": f"{hook}/validation",
        }
        reply = await self._post("/mpesa/c2b/v2/registerurl", body)
        if not isinstance(reply, Reply):
            return reply
        taken = reply.status == 200 and str(reply.body.get("ResponseCode")) == "0"
        return Begun("registered") if taken else Declined(str(reply.body.get("errorMessage") or "declined"))

    async def pull(self, since: datetime, until: datetime) -> list[ProviderEventIn] | Unreached | Unanswered:
        """Every paybill payment between two instants, page by page, as Safaricom itself lists them."""
        found: list[ProviderEventIn] = []
        while True:
            body = {
                "ShortCode": self.shortcode,
                "StartDate": _said(since),
                "EndDate": _said(until),
                "OffSetValue": str(len(found)),
            }
            reply = await self._post("/pulltransactions/v1/query", body)
            if not isinstance(reply, Reply):
                return reply
            try:
                page = read_pulled(reply.body, self.currency)
            except (KeyError, TypeError, ValueError):
                return _unsaid(reply)
            found += page
            if not page:
                return found

    def _signed(self) -> dict[str, str]:
        stamp = timestamp(self.clock.now())
        password = b64encode(f"{self.shortcode}{self.passkey}{stamp}".encode()).decode()
        return {"BusinessShortCode": self.shortcode, "Password": password, "Timestamp": stamp}

    async def _post(self, path: str, body: dict[str, Any]) -> Reply | Unreached | Unanswered:
        token = await daraja_token.token(self.base_url, self.consumer_key, self.consumer_secret, self.clock.now())
        if isinstance(token, Unreached):
            return token
        reply = await call("POST", self.base_url + path, headers={"Authorization": f"Bearer {token}"}, body=body)
        if isinstance(reply, Reply) and reply.status == 401:
            daraja_token.forget(self.base_url, self.consumer_key)
            return Unreached("the token was refused")
        return reply


def _welcome(url: str) -> str:
    if "mpesa" in url.lower() or "safaricom" in url.lower():
        raise ValueError("Daraja refuses callback URLs that contain 'mpesa' or 'safaricom': choose another public URL")
    return url


def _said(instant: datetime) -> str:
    return instant.astimezone(EAT).strftime("%Y-%m-%d %H:%M:%S")


def opened(app: App) -> Daraja:
    """The Daraja of the settings."""
    settings = app.settings
    return Daraja(
        base_url=settings.daraja_base_url,
        consumer_key=settings.daraja_consumer_key.get_secret_value(),
        consumer_secret=settings.daraja_consumer_secret.get_secret_value(),
        shortcode=settings.daraja_shortcode,
        passkey=settings.daraja_passkey.get_secret_value(),
        clock=app.clock,
        initiator=settings.daraja_initiator,
        credential=settings.daraja_security_credential.get_secret_value(),
        hook=callback_url(app, "daraja"),
    )


def timestamp(now: datetime) -> str:
    """`yyyyMMddHHmmss` in East Africa Time."""
    return now.astimezone(EAT).strftime("%Y%m%d%H%M%S")


def _unsaid(reply: Reply) -> Unanswered:
    return Unanswered(f"HTTP {reply.status}")
