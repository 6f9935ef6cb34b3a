"""Flutterwave's newer API (v4), beside v3: prompts for mobile money, and refunds. Amounts are in whole units.

A charge is of a customer and a payment method, which are made first; each call carries an `X-Idempotency-Key` of ours, so that none of the
three is made twice. v4 has no page of its own for cards, and we touch no card number: cards stay with v3 (`flutterwave.py`). A token of
OAuth is good for ten minutes. Webhooks are signed (`flutterwave-signature`, base64 HMAC-SHA256 of the body), and the charge is asked about
all the same.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from core import money
from core.clock import Clock
from core.context import App
from core.payments.providers import oauth
from core.payments.providers.contract import (
    Begun,
    Declined,
    Method,
    NotKnown,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    State,
    StatusQuery,
    Told,
    Unanswered,
    Unreached,
)
from core.payments.providers.http import Reply, call, loads, refusal, untold
from core.payments.providers.parse import amount, iso, maybe, short
from core.payments.providers.signatures import mac, verify
from core.phone import parts

HEADER = "flutterwave-signature"
STATES: Mapping[str, State] = {
    "succeeded": "succeeded", "failed": "failed", "voided": "failed", "cancelled": "failed", "completed": "succeeded",
}  # fmt: skip
REASONS = {
    "insufficient_funds": "funds", "insufficient_balance": "funds", "timeout": "expired", "expired": "expired",
    "user_cancelled": "cancelled", "cancelled": "cancelled", "invalid_pin": "pin", "unreachable": "unreachable",
}  # fmt: skip
"""`processor_response.type` -> words of `payments.reason.*`."""

Thing = dict[str, Any]
No = Declined | Unreached | Unanswered


@dataclass(frozen=True, slots=True)
class FlutterwaveV4:
    """A Flutterwave business, reached by its v4 API."""

    base_url: str
    token_url: str
    client_id: str
    client_secret: str
    secret_hash: str
    email: str
    network: str
    clock: Clock
    name: str = "flutterwave_v4"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"mobile_push", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Flutterwave wants to hear 200."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """A prompt on her phone, or a refund."""
        whole = money.plain(wanted.amount_minor, wanted.currency)
        if wanted.method == "refund":
            asked = {
                "charge_id": wanted.txn,
                "amount": _number(whole),
                "reason": "requested_by_customer",
                "meta": {"key": wanted.key},
            }
            return _begun(await self._make("/refunds", asked, wanted.key))
        code, number = parts(wanted.phone or "")
        customer = await self._make(
            "/customers", {"email": wanted.email or self._mail(wanted)}, f"{wanted.key}:customer"
        )
        if not isinstance(customer, dict):
            return customer
        phone = {"country_code": code, "network": self.network, "phone_number": number}
        method = await self._make(
            "/payment-methods", {"type": "mobile_money", "mobile_money": phone}, f"{wanted.key}:method"
        )
        if not isinstance(method, dict):
            return method
        charge = {
            "amount": _number(whole),
            "currency": wanted.currency,
            "reference": reference(wanted.key),
            "customer_id": customer["id"],
            "payment_method_id": method["id"],
            "meta": {"account": wanted.reference, "key": wanted.key},
        }
        return _begun(await self._make("/charges", charge, wanted.key))

    def _mail(self, wanted: StartRequest) -> str:
        """v4 knows a customer by e-mail: one of ours for each account, at the operator's address."""
        name, _, host = self.email.partition("@")
        return f"{name}+{wanted.reference.lower()}@{host}"

    async def query(self, asked: StatusQuery) -> Told:
        """What became of it, by Flutterwave's number; without one, by our reference among the charges."""
        ref = asked.provider_ref
        if asked.method == "refund":
            said = await self._ask("GET", f"/refunds/{quote(ref, safe='')}" if ref else "/refunds")
            return _found(said, asked, lambda one: (one.get("meta") or {}).get("key") == asked.key)
        path = (
            f"/charges/{quote(ref, safe='')}" if ref else f"/charges?reference={quote(reference(asked.key), safe='')}"
        )
        return _found(await self._ask("GET", path), asked, lambda one: one.get("reference") == reference(asked.key))

    async def _make(self, path: str, body: Thing, key: str) -> Thing | No:
        said = await self._ask("POST", path, body, key)
        return said if not isinstance(said, list) else Unanswered("it has no data")

    async def _ask(self, method: str, path: str, body: Thing | None = None, key: str = "") -> Thing | list[Thing] | No:
        given = await oauth.token(self.token_url, self.client_id, self.client_secret, self.clock.now())
        if isinstance(given, Unreached):
            return given
        headers = {"Authorization": f"Bearer {given}"} | ({"X-Idempotency-Key": key} if key else {})
        reply = await call(method, self.base_url + path, headers=headers, body=body)
        if not isinstance(reply, Reply):
            return reply
        if reply.status == 401:
            oauth.forget(self.token_url, self.client_id)
            return Unreached("the token was refused")
        if reply.status >= 500 or reply.status in (409, 429):
            return Unanswered(f"HTTP {reply.status}")
        if reply.status >= 400:
            return refusal(reply)
        data = reply.body.get("data")
        return data if isinstance(data, dict | list) else Unanswered("it has no data")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The one event of a signed webhook; the charge is asked about before it is believed."""
        verify(self.secret_hash, headers.get(HEADER, ""), b64encode(mac(self.secret_hash, body)).decode())
        said = loads(body)
        try:
            return [_event(said)]
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not an event of Flutterwave v4") from why


def reference(key: str) -> str:
    """Our key as v4 takes a reference: 6 to 42 letters, figures and dashes, whatever the key is made of; always the same."""
    return f"hodi-{sha256(key.encode()).hexdigest()[:36]}"


def _begun(made: Thing | No) -> Started:
    return Begun(short(made["id"])) if isinstance(made, dict) else made


def _number(whole: str) -> Any:
    """An amount as v4 wants it: a JSON number, which is written out as it was (`12.50` as 12.5). Nothing is reckoned with it."""
    units, _, part = whole.partition(".")
    return int(units) if not part.strip("0") else json.loads(whole)


def _found(said: Thing | list[Thing] | No, asked: StatusQuery, ours: Any) -> Told:
    if isinstance(said, NotKnown) and asked.method != "refund":
        return Queried("missing")
    if not isinstance(said, dict | list):
        return untold(said)
    if isinstance(said, list):
        one = next((one for one in said if ours(one)), None)
        return _stands(one, asked) if one else Queried("missing")
    return _stands(said, asked)


def _stands(said: Thing, asked: StatusQuery) -> Told:
    ref, state = short(said["id"]), STATES.get(str(said["status"]), "awaiting_customer")
    if state != "succeeded":
        why = str((said.get("processor_response") or {}).get("type") or "").lower()
        return Queried(state, ref, reason=REASONS.get(why, "declined") if state == "failed" else None)
    if asked.method == "refund":
        return Queried("succeeded", ref, txn=f"refund:{ref}")
    if asked.currency and said["currency"] != asked.currency:
        return Unanswered("it was paid in another currency")
    return Queried(
        "succeeded",
        ref,
        txn=ref,
        amount_minor=amount(said["amount"], said["currency"]),
        at=iso(said.get("created_datetime")),
    )


def _event(said: Thing) -> ProviderEventIn:
    kind, data = str(said["type"]), said["data"]
    number, state = short(data["id"]), short(data["status"])
    base: Thing = {"key": f"{kind}:{number}:{state}", "verified_by": "query", "raw": said, "provider_ref": number}
    now = STATES.get(state)
    if kind not in ("charge.completed", "refund.completed") or now is None:
        return ProviderEventIn(**base, kind="ignored")
    ours = maybe((data.get("meta") or {}).get("key"))
    told: Thing = {"attempt_key": ours, "kind": "succeeded" if now == "succeeded" else "failed", "reason": "declined"}
    if kind == "charge.completed":
        told |= {
            "txn": number,
            "method": "mobile_push",
            "amount_minor": amount(data["amount"], str(data["currency"])),
            "currency": str(data["currency"]),
        }
    return ProviderEventIn(**base, **told)


def opened(app: App) -> FlutterwaveV4:
    """The v4 of the settings."""
    settings = app.settings
    return FlutterwaveV4(
        settings.flutterwave_v4_base_url.rstrip("/"),
        settings.flutterwave_v4_token_url,
        settings.flutterwave_v4_client_id,
        settings.flutterwave_v4_client_secret.get_secret_value(),
        settings.flutterwave_secret_hash.get_secret_value(),
        settings.flutterwave_email,
        settings.flutterwave_v4_network,
        app.clock,
    )
