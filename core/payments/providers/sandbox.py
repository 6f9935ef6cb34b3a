"""The sandbox provider, spoken to over HTTP like any real one: cards by redirect, prompts on phones, direct debits.

Its service is `gateway/sandbox/app.py`. Callbacks are signed: `Sandbox-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`,
refused when older or newer than 300 s, compared in constant time. Amounts are minor units. Every call carries the attempt's key,
by which the sandbox can be asked what became of it even if its answer never reached us.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import quote

from core.clock import Clock
from core.context import App
from core.payments.providers.contract import (
    Begun,
    Declined,
    Kind,
    Method,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    StatusQuery,
    Told,
    Unanswered,
)
from core.payments.providers.http import Reply, call, loads, storable
from core.payments.providers.signatures import verify_stamped

HEADER = "Sandbox-Signature"
_STATES = ("succeeded", "failed", "expired", "awaiting_customer")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox at `base_url`, trusted by `secret`."""

    base_url: str
    secret: str
    clock: Clock
    name: str = "sandbox"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"mobile_push", "card", "direct_debit", "mandate", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """What the sandbox wants to hear."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """Make a payment, a page for a mandate, or a refund; the same key asked again is the same one."""
        body = {
            "key": wanted.key,
            "method": wanted.method,
            "amount_minor": wanted.amount_minor,
            "currency": wanted.currency,
            "reference": wanted.reference,
            "description": wanted.description,
            "callback_url": wanted.callback_url,
            "phone": wanted.phone,
            "mandate": wanted.mandate_ref,
            "return_url": wanted.return_url,
            "language": wanted.language,
            "txn_back": wanted.txn,
        }
        reply = await call("POST", f"{self.base_url}/v1/payments", headers=self._headers(), body=body)
        if not isinstance(reply, Reply):
            return reply
        if reply.status >= 500:
            return Unanswered(f"HTTP {reply.status}")
        if reply.status >= 400:
            return Declined(str(reply.body.get("code", "declined")))
        return Begun(reply.body["id"], reply.body.get("checkout_url"))

    async def query(self, asked: StatusQuery) -> Told:
        """What became of an attempt, by its key."""
        reply = await call("GET", f"{self.base_url}/v1/payments/{quote(asked.key, safe='')}", headers=self._headers())
        if not isinstance(reply, Reply):
            return reply
        if reply.status == 404 and reply.body.get("code") == "unknown":
            return Queried("missing")
        if reply.status != 200 or reply.body.get("state") not in _STATES:
            return Unanswered(f"HTTP {reply.status}")
        said = reply.body
        return Queried(
            state=said["state"],
            provider_ref=said["id"],
            txn=said.get("txn"),
            amount_minor=said["amount_minor"],
            payer=said.get("payer") or "",
            reason=said.get("reason"),
            redirect_url=said.get("checkout_url"),
            at=_instant(said.get("at")),
            currency=_text(said.get("currency") or ""),
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The one event of a signed callback."""
        verify_stamped(self.secret, headers.get(HEADER, ""), body, self.clock.now())
        said = loads(body)
        if topic or not isinstance(said, dict):
            raise NotUnderstood("not a sandbox event")
        try:
            return [_event(said)]
        except (KeyError, TypeError, ValueError) as why:
            raise NotUnderstood("not a sandbox event") from why


def _event(said: dict[str, Any]) -> ProviderEventIn:
    kind: Kind = said["type"] if said["type"] in get_args(Kind) else "ignored"
    amount = said.get("amount_minor")
    if amount is not None and (type(amount) is not int or not 0 < amount < 2**53):
        raise ValueError("an amount is a positive whole number of minor units")
    if kind in ("succeeded", "inbound") and (amount is None or not said["txn"]):
        raise ValueError("money without an amount or a number")
    return ProviderEventIn(
        key=_text(said["id"]),
        kind=kind,
        verified_by="signature",
        attempt_key=_maybe(said.get("key")),
        provider_ref=_maybe(said.get("payment")),
        txn=_maybe(said.get("txn")),
        method=_text(said.get("method") or ""),
        amount_minor=amount,
        currency=_text(said.get("currency") or ""),
        reference=_text(said.get("reference") or ""),
        payer=_text(said.get("payer") or ""),
        reason=_maybe(said.get("reason")),
        state=_maybe(said.get("state")),
        at=_instant(said.get("at")),
        raw=said,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 200 or storable(value) != value:
        raise ValueError("a short text was expected")
    return value


def _maybe(value: object) -> str | None:
    return None if value is None else _text(value)


def _instant(seconds: Any) -> datetime | None:
    known = type(seconds) is int and 0 <= seconds < 2**33
    return datetime.fromtimestamp(seconds, UTC) if known else None


def opened(app: App) -> Sandbox:
    """The sandbox of the settings."""
    return Sandbox(app.settings.sandbox_base_url, app.settings.sandbox_secret.get_secret_value(), app.clock)
