"""Paystack: its own page by redirect, cards saved there and charged without their owner, refunds. Amounts are hundredths.

Callbacks are signed (`x-paystack-signature`, hex HMAC-SHA512 of the raw body with the secret key) but have no event id, so an event is
known by its kind and reference. A reference is used once for ever: it is our attempt's key, which makes a repeat harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha512
from typing import Any
from urllib.parse import quote

from core.context import App
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
from core.payments.providers.http import MOST_PAGES, Reply, call, loads, refusal, untold
from core.payments.providers.parse import to_units
from core.payments.providers.paystack_payloads import DECIMALS, read, reason, stands
from core.payments.providers.signatures import mac, verify

HEADER = "x-paystack-signature"
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
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"card", "direct_debit", "mandate", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """Paystack wants to hear 200."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """A page to pay on (of a mandate: by card alone, which is saved), a charge of a saved card, or a refund."""
        if wanted.method == "refund":
            return await self._refund(wanted)
        if wanted.method == "direct_debit":
            return await self._charge(wanted)
        body = self._body(wanted, wanted.email or self.email) | {"callback_url": wanted.return_url}
        if wanted.method == "mandate":
            body["channels"] = ["card"]
        reply = await self._ask("POST", "/transaction/initialize", body)
        if not isinstance(reply, Reply):
            return reply
        return Begun(reference(wanted.key), reply.body["data"]["authorization_url"])

    def _body(self, wanted: StartRequest, email: str) -> dict[str, Any]:
        return {
            "email": email,
            "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
            "currency": wanted.currency,
            "reference": reference(wanted.key),
            "metadata": {"account": wanted.reference},
        }

    async def _charge(self, wanted: StartRequest) -> Started:
        """What she saved is charged without her; `paused` wants her at a page of her bank, so she is asked instead."""
        code, _, email = (wanted.mandate_ref or "").partition(":")
        body = self._body(wanted, email) | {"authorization_code": code}
        reply = await self._ask("POST", "/transaction/charge_authorization", body)
        if not isinstance(reply, Reply):
            return reply
        said = reply.body["data"]
        if said.get("paused"):
            return Declined("cancelled")
        if said.get("status") == "failed":
            return Declined(reason(said.get("gateway_response")))
        return Begun(reference(wanted.key))

    async def _refund(self, wanted: StartRequest) -> Started:
        body = {
            "transaction": wanted.txn,
            "amount": to_units(wanted.amount_minor, wanted.currency, DECIMALS),
            "currency": wanted.currency,
            "merchant_note": wanted.key,
        }
        reply = await self._ask("POST", "/refund", body)
        return Begun(str(reply.body["data"]["id"])) if isinstance(reply, Reply) else reply

    async def forget(self, token: str, key: str) -> Started:
        """The authorization can be charged no more."""
        code = token.partition(":")[0]
        reply = await self._ask("POST", "/customer/deactivate_authorization", {"authorization_code": code}, bare=True)
        return Begun(code) if isinstance(reply, Reply) else reply

    async def query(self, asked: StatusQuery) -> Told:
        """What became of a payment by its reference; of a refund by its id, or by the note it carries."""
        if asked.method == "refund":
            return await self._refunded(asked)
        reply = await self._ask("GET", f"/transaction/verify/{quote(reference(asked.key), safe='')}")
        if isinstance(reply, NotKnown):
            return Queried("missing")
        if not isinstance(reply, Reply):
            return untold(reply)
        said = reply.body["data"]
        if said["status"] in ("success", "reversed") and said["currency"] != asked.currency:
            return Unanswered("it was paid in another currency")
        return stands(said, asked.currency)

    async def _refunded(self, asked: StatusQuery) -> Told:
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
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, bare: bool = False
    ) -> Reply | Declined | Unreached | Unanswered:
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        reply = await call(method, self.base_url + path, headers=headers, body=body)
        if not isinstance(reply, Reply):
            return reply
        if reply.status >= 500 or reply.status == 429 or reply.body.get("code") == "duplicate_reference":
            return Unanswered(f"HTTP {reply.status}")
        if reply.status == 401:
            return Unreached("our key was refused")
        if reply.status >= 400:
            return refusal(reply, reason(reply.body.get("message")))
        whole = reply.body.get("status") is True and (bare or "data" in reply.body)
        return reply if whole else Unanswered("it has no data")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """What a signed webhook tells."""
        verify(self.secret_key, headers.get(HEADER, ""), mac(self.secret_key, body, sha512).hex())
        said = loads(body)
        try:
            return read(said)
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not an event of Paystack") from why


def reference(key: str) -> str:
    """Our key in letters that Paystack takes in a reference (keys of links and refunds have no dash)."""
    return key.replace(":", "-")


def _given(one: Mapping[str, Any]) -> Queried:
    return Queried(REFUNDED.get(one["status"], "awaiting_customer"), str(one["id"]), txn=f"refund:{one['id']}")


def opened(app: App) -> Paystack:
    """The Paystack of the settings."""
    settings = app.settings
    key = settings.paystack_secret_key.get_secret_value()
    return Paystack(settings.paystack_base_url.rstrip("/"), key, settings.paystack_email)
