"""Paystack: its own page by redirect, and refunds. Amounts are hundredths in every currency.

Callbacks are signed (`x-paystack-signature`, hex HMAC-SHA512 of the raw body with the secret key) but have no event id, so an event is
known by its kind and reference. A reference is used once for ever: it is our attempt's key, which makes a repeat harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha512
from typing import Any
from urllib.parse import quote

from core.house import House
from core.payments.providers.contract import (
    Asked,
    Begun,
    Declined,
    Method,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    State,
    Told,
    Unanswered,
    Unreached,
    Wanted,
)
from core.payments.providers.said import from_units, iso, maybe, short, to_units, units
from core.payments.providers.signatures import mac, verify
from core.payments.providers.wire import MOST_PAGES, Reply, ask, loads, untold

HEADER = "x-paystack-signature"
DECIMALS = {"XOF": 2, "RWF": 2, "UGX": 2}
"""Paystack counts hundredths where the world counts none."""
ENDED: Mapping[str, State] = {
    "success": "succeeded",
    "reversed": "succeeded",
    "failed": "failed",
    "abandoned": "expired",
}
REFUNDED: Mapping[str, State] = {"processed": "succeeded", "failed": "failed"}

PAGE = 100
"""How many refunds we ask to see at once, where an answer was lost."""


@dataclass(frozen=True, slots=True)
class Paystack:
    """A Paystack business."""

    base_url: str
    secret_key: str
    email: str
    name: str = "paystack"
    step_minor: int = 1
    methods: frozenset[Method] = frozenset({"card", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Paystack wants to hear 200."""
        return {"received": True}

    async def start(self, wanted: Wanted) -> Started:
        """A page to pay on, or a refund."""
        if wanted.method == "refund":
            return await self._refund(wanted)
        ref = reference(wanted.key)
        body = {
            "email": wanted.email or self.email, "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
            "currency": wanted.currency, "reference": ref, "callback_url": wanted.return_url,
            "metadata": {"account": wanted.reference},
        }  # fmt: skip
        reply = await self._ask("POST", "/transaction/initialize", body)
        if not isinstance(reply, Reply):
            return reply
        return Begun(ref, reply.body["data"]["authorization_url"])

    async def _refund(self, wanted: Wanted) -> Started:
        body = {
            "transaction": wanted.txn, "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
            "currency": wanted.currency, "merchant_note": wanted.key,
        }  # fmt: skip
        reply = await self._ask("POST", "/refund", body)
        return Begun(str(reply.body["data"]["id"])) if isinstance(reply, Reply) else reply

    async def query(self, asked: Asked) -> Told:
        """What became of a payment by its reference; of a refund by its id, or by the note it carries."""
        if asked.method == "refund":
            return await self._refunded(asked)
        reply = await self._ask("GET", f"/transaction/verify/{quote(reference(asked.key), safe='')}")
        if isinstance(reply, Declined):
            return Queried("missing")
        if not isinstance(reply, Reply):
            return reply
        said = reply.body["data"]
        state = ENDED.get(said["status"], "awaiting_customer")
        if state == "succeeded" and said["currency"] != asked.currency:
            return Unanswered("it was paid in another currency")
        return Queried(
            state=state, provider_ref=str(said["reference"]), txn=str(said["reference"]),
            amount_minor=from_units(units(said["amount"]), asked.currency, DECIMALS) if state == "succeeded" else None,
            reason=None if state == "succeeded" else "expired" if state == "expired" else "declined",
            at=iso(said.get("paid_at")),
        )  # fmt: skip

    async def _refunded(self, asked: Asked) -> Told:
        """By its id; without one, by the note it carries, among all that were made since: only then is it surely missing."""
        if asked.provider_ref:
            reply = await self._ask("GET", f"/refund/{quote(asked.provider_ref, safe='')}")
            return _given(reply.body["data"]) if isinstance(reply, Reply) else untold(reply)
        since = (asked.created_at - timedelta(minutes=5)).date().isoformat()
        for page in range(1, MOST_PAGES + 1):
            reply = await self._ask("GET", f"/refund?from={since}&perPage={PAGE}&page={page}")
            if not isinstance(reply, Reply):
                return untold(reply)
            for one in reply.body["data"]:
                if one.get("merchant_note") == asked.key:
                    return _given(one)
            if not reply.body["data"]:
                return Queried("missing")
        return Unanswered("more was made since than we read")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Reply | Declined | Unreached | Unanswered:
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        reply = await ask(method, self.base_url + path, headers=headers, body=body)
        if not isinstance(reply, Reply):
            return reply
        return reply if reply.body.get("status") is True and "data" in reply.body else Unanswered("it has no data")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The one event of a signed webhook."""
        verify(self.secret_key, headers.get(HEADER, ""), mac(self.secret_key, body, sha512).hex())
        said = loads(body)
        try:
            return [_event(said)]
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not an event of Paystack") from why


def reference(key: str) -> str:
    """Our key in letters that Paystack takes in a reference (keys of links and refunds have no dash)."""
    return key.replace(":", "-")


def _event(said: dict[str, Any]) -> ProviderEventIn:
    kind, data = str(said["event"]), said["data"]
    make = {"charge.success": _charge, "refund.processed": _back, "charge.dispute.resolve": _dispute}.get(kind)
    told = make(data) if make else None
    ref = data.get("reference") or data.get("transaction_reference") or data.get("id")
    base: dict[str, Any] = {"key": f"{kind}:{short(ref)}", "verified_by": "signature", "raw": said}
    return ProviderEventIn(**(base | (told or {"kind": "ignored"})))


def _money(data: dict[str, Any]) -> dict[str, Any]:
    currency = short(data["currency"])
    value = data["amount"] if type(data["amount"]) is int else int(str(data["amount"]))
    return {"currency": currency, "amount_minor": from_units(units(value), currency, DECIMALS)}


def _charge(data: dict[str, Any]) -> dict[str, Any]:
    if data["status"] != "success":
        raise ValueError("a success that is none")
    ref = short(data["reference"])
    return _money(data) | {
        "kind": "succeeded", "attempt_key": ref.replace("-", ":"), "provider_ref": ref, "txn": ref, "method": "card", "at": iso(data.get("paid_at")),
        "reference": str((data.get("metadata") or {}).get("account") or "")[:80],
    }  # fmt: skip


def _back(data: dict[str, Any]) -> dict[str, Any]:
    """A refund: ours is known by the note it carries, another was made on Paystack's own pages."""
    number = short(data.get("id") or data["refund_reference"])
    ours = maybe(data.get("merchant_note"))
    base = _money(data) | {"key": f"refund.processed:{number}", "txn": f"refund:{number}"}
    if ours and ours.startswith("refund:"):
        return base | {"kind": "succeeded", "attempt_key": ours, "provider_ref": number}
    return base | {"kind": "reversed", "state": "refund", "txn": short(data["transaction_reference"])}


def _dispute(data: dict[str, Any]) -> dict[str, Any] | None:
    if data.get("resolution") not in ("merchant-accepted", "auto-accepted"):
        return None
    return {
        "key": f"charge.dispute.resolve:{short(data['id'])}", "kind": "reversed", "state": "chargeback",
        "txn": short(data["transaction"]["reference"]), "reason": "disputed",
        **_money({"amount": data["refund_amount"], "currency": data["currency"]}),
    }  # fmt: skip


def _given(one: Mapping[str, Any]) -> Queried:
    return Queried(REFUNDED.get(one["status"], "awaiting_customer"), str(one["id"]), txn=f"refund:{one['id']}")


def opened(house: House) -> Paystack:
    """The Paystack of the settings."""
    settings = house.settings
    key = settings.paystack_secret_key.get_secret_value()
    return Paystack(settings.paystack_base_url.rstrip("/"), key, settings.paystack_email)
