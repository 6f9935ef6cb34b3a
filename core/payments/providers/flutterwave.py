"""Flutterwave (v3): its own page by redirect, cards saved there and charged by token, refunds. Amounts are in whole units.

What it posts proves little: the old form (v3) carries the secret hash itself in `verif-hash`, the new one (v4) signs the body
(`flutterwave-signature`, base64 HMAC-SHA256). So nothing it posts is believed: the transaction is always asked about, and its own
answer about state, amount and currency is what counts. The token of a card comes with that answer; it is good for a year, and only
with the e-mail it was made with.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from core import money
from core.context import App
from core.payments.providers.contract import (
    Begun,
    Declined,
    Method,
    NotKnown,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Saved,
    Started,
    StartRequest,
    State,
    StatusQuery,
    Told,
    Unanswered,
    Unreached,
)
from core.payments.providers.http import MOST_PAGES, Reply, call, loads, refusal, untold
from core.payments.providers.parse import amount, card, iso, month_end, short
from core.payments.providers.signatures import mac, verify

V3, V4 = "verif-hash", "flutterwave-signature"
STATES: Mapping[str, State] = {
    "successful": "succeeded", "succeeded": "succeeded", "failed": "failed", "cancelled": "failed", "voided": "failed",
    "completed": "succeeded",
}  # fmt: skip
SENTENCES = (
    ("insufficient", "funds"), ("limit", "funds"), ("expired", "closed"), ("lost", "closed"), ("stolen", "closed"),
    ("restricted", "closed"), ("pick up", "closed"), ("not permitted", "closed"), ("invalid card", "closed"),
    ("token", "closed"), ("inoperative", "technical"), ("timeout", "technical"), ("malfunction", "technical"),
    ("authenticat", "cancelled"), ("otp", "cancelled"),
)  # fmt: skip
"""What a refusal (`processor_response`) contains -> a word of `payments.reason.*`; the first that fits."""
TOKEN_LIVES = timedelta(days=365)
LONGEST = 200
"""Letters of a token and the e-mail it belongs to."""


@dataclass(frozen=True, slots=True)
class Flutterwave:
    """A Flutterwave business."""

    base_url: str
    secret_key: str
    secret_hash: str
    email: str
    country: str = "KE"
    name: str = "flutterwave"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"card", "direct_debit", "mandate", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Flutterwave wants to hear 200."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """A page to pay on (known by our key as its `tx_ref`; of a mandate by card alone), a charge by token, or a refund."""
        whole = money.plain(wanted.amount_minor, wanted.currency)
        if wanted.method == "refund":
            path = f"/v3/transactions/{quote(wanted.txn or '', safe='')}/refund"
            reply = await self._ask("POST", path, {"amount": whole, "comments": wanted.key})
            return Begun(str(reply.body["data"]["id"])) if isinstance(reply, Reply) else reply
        if wanted.method == "direct_debit":
            return await self._charge(wanted, whole)
        body = {
            "tx_ref": wanted.key,
            "amount": whole,
            "currency": wanted.currency,
            "redirect_url": wanted.return_url,
            "customer": {"email": wanted.email or self.email, "name": wanted.reference},
            "customizations": {"title": wanted.description},
            "meta": {"account": wanted.reference},
        }
        if wanted.method == "mandate":
            body["payment_options"] = "card"
        reply = await self._ask("POST", "/v3/payments", body)
        return Begun(wanted.key, reply.body["data"]["link"]) if isinstance(reply, Reply) else reply

    async def _charge(self, wanted: StartRequest, whole: str) -> Started:
        """What she saved is charged without her; where her bank wants her at its page, she is asked instead."""
        token, _, email = (wanted.mandate_ref or "").partition(":")
        body = {
            "token": token,
            "email": email,
            "amount": whole,
            "currency": wanted.currency,
            "country": self.country,
            "tx_ref": wanted.key,
            "narration": f"{wanted.description} {wanted.reference}"[:100],
        }
        reply = await self._ask("POST", "/v3/tokenized-charges", body)
        if not isinstance(reply, Reply):
            return reply
        said = reply.body["data"]
        if said.get("status") == "failed":
            return Declined(_reason(said.get("processor_response")))
        wants_her = ((said.get("meta") or {}).get("authorization") or {}).get("mode") == "redirect"
        return Declined("cancelled") if wants_her else Begun(short(said["id"]))

    async def query(self, asked: StatusQuery) -> Told:
        """What became of a payment, by our key; of one that only its callback names, by Flutterwave's number."""
        if asked.method == "refund":
            return await self._refunded(asked)
        if asked.key:
            path = f"/v3/transactions/verify_by_reference?tx_ref={quote(asked.key, safe='')}"
        elif (asked.provider_ref or "").isdigit():
            path = f"/v3/transactions/{asked.provider_ref}/verify"
        else:
            path = f"/charges/{quote(asked.provider_ref or '', safe='')}"
        reply = await self._ask("GET", path)
        if isinstance(reply, NotKnown):
            return Queried("missing")
        return _verified(reply.body["data"], asked) if isinstance(reply, Reply) else untold(reply)

    async def _refunded(self, asked: StatusQuery) -> Told:
        """By its id; without one, by the comment it carries, among all that were made since: only then is it surely missing."""
        if asked.provider_ref:
            reply = await self._ask("GET", f"/v3/refunds/{quote(asked.provider_ref, safe='')}")
            return _given(reply.body["data"]) if isinstance(reply, Reply) else untold(reply)
        since = (asked.created_at - timedelta(minutes=5)).date().isoformat()
        for page in range(1, MOST_PAGES + 1):
            reply = await self._ask("GET", f"/v3/refunds?from={since}&page={page}")
            if not isinstance(reply, Reply):
                return untold(reply)
            for one in reply.body["data"]:
                if one.get("comments") == asked.key:
                    return _given(one)
            if not reply.body["data"]:
                return Queried("missing")
        return Unanswered("more was made since than we read")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Reply | Declined | Unreached | Unanswered:
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        reply = await call(method, self.base_url + path, headers=headers, body=body)
        if not isinstance(reply, Reply):
            return reply
        if reply.status >= 500 or reply.status == 429:
            return Unanswered(f"HTTP {reply.status}")
        if reply.status == 401:
            return Unreached("our key was refused")
        if reply.status >= 400:
            return refusal(reply, _reason(reply.body.get("message")))
        return reply if reply.body.get("data") is not None else Unanswered("it has no data")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The one event of a webhook of either form."""
        if V4 in headers:
            verify(self.secret_hash, headers[V4], b64encode(mac(self.secret_hash, body)).decode())
        else:
            verify(self.secret_hash, headers.get(V3, ""), self.secret_hash)
        said = loads(body)
        try:
            return [_event(said)]
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not an event of Flutterwave") from why


def _given(one: Mapping[str, Any]) -> Queried:
    state = STATES.get(str(one["status"]).split("-")[0], "awaiting_customer")
    return Queried(state, str(one["id"]), txn=f"refund:{one['id']}")


def _verified(said: dict[str, Any], asked: StatusQuery) -> Told:
    state = STATES.get(str(said["status"]), "awaiting_customer")
    if state != "succeeded":
        why = _reason(said.get("processor_response")) if state == "failed" else None
        return Queried(state, asked.provider_ref, reason=why)
    if asked.currency and said["currency"] != asked.currency:
        return Unanswered("it was paid in another currency")
    return Queried(
        "succeeded",
        asked.provider_ref,
        txn=str(said["id"]),
        amount_minor=amount(said["amount"], said["currency"]),
        at=iso(said.get("created_at")),
        saved=_saved(said),
    )


def _reason(sentence: object) -> str:
    said = str(sentence or "").lower()
    return next((word for part, word in SENTENCES if part in said), "declined")


def _saved(said: dict[str, Any]) -> Saved | None:
    """The card it was paid with; its last day is its own or its token's, whichever is sooner."""
    shown, email = said.get("card") or {}, (said.get("customer") or {}).get("email")
    token, made = shown.get("token"), iso(said.get("created_at"))
    if not token or not email or len(f"{token}:{email}") > LONGEST:
        return None
    month, _, year = str(shown.get("expiry") or "").partition("/")
    days = [month_end(year, month), (made + TOKEN_LIVES).date() if made else None]
    return Saved(
        f"{token}:{email}",
        card(shown.get("type"), shown.get("last_4digits")),
        min((day for day in days if day), default=None),
    )


def _event(said: dict[str, Any]) -> ProviderEventIn:
    kind, data = str(said.get("event") or said["type"]), said["data"]
    ref, number = data.get("tx_ref") or data.get("reference"), short(data["id"])
    base: dict[str, Any] = {"key": f"{kind}:{number}:{short(data['status'])}", "verified_by": "query", "raw": said}
    if kind != "charge.completed" or not ref:
        return ProviderEventIn(**base, kind="ignored")
    state = STATES.get(str(data["status"]))
    return ProviderEventIn(
        **base,
        kind="succeeded" if state == "succeeded" else "failed",
        attempt_key=short(ref),
        provider_ref=number,
        txn=number,
        method="card",
        amount_minor=amount(data["amount"], str(data["currency"])),
        currency=str(data["currency"]),
        reason="declined",
    )


def opened(app: App) -> Flutterwave:
    """The Flutterwave of the settings."""
    settings = app.settings
    return Flutterwave(
        settings.flutterwave_base_url.rstrip("/"),
        settings.flutterwave_secret_key.get_secret_value(),
        settings.flutterwave_secret_hash.get_secret_value(),
        settings.flutterwave_email,
        app.operator.country,
    )
