"""GoCardless: a page on which she gives a mandate, payments collected under it, refunds. Amounts are minor units.

Seven small calls. Each is made under an `Idempotency-Key` of ours; a repeat is answered 409 with the thing that was made. What was
lost is found again by our key in its metadata. A webhook brings up to 250 events at once, in no order, signed
(`Webhook-Signature`, hex HMAC-SHA256); a wrong signature is answered 498. `details.cause` tells why, never `reason_code`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from core.context import App
from core.payments.providers.contract import (
    Begun,
    Declined,
    Method,
    NotUnderstood,
    ProviderEventIn,
    Queried,
    Started,
    StartRequest,
    StatusQuery,
    Told,
    Unanswered,
    Unreached,
)
from core.payments.providers.gocardless_payloads import payment_state, read, refund_state
from core.payments.providers.http import MOST_PAGES, Reply, call, loads, untold
from core.payments.providers.signatures import mac, verify

HEADER = "Webhook-Signature"
VERSION = "2015-07-06"


@dataclass(frozen=True, slots=True)
class GoCardless:
    """A GoCardless creditor. Her mandate is known by `MD...`; until her bank page is done, by its billing request `BRQ...`."""

    base_url: str
    access_token: str
    webhook_secret: str
    scheme: str = "sepa_core"
    name: str = "gocardless"
    step_minor: int = 1
    most_minor: int | None = None
    methods: frozenset[Method] = frozenset({"direct_debit", "mandate", "refund"})

    @property
    def acknowledgement(self) -> dict[str, Any]:
        """GoCardless wants to hear 2xx."""
        return {"received": True}

    async def start(self, wanted: StartRequest) -> Started:
        """A page for a mandate, a collection, or a refund."""
        match wanted.method:
            case "mandate":
                return await self._page(wanted)
            case "refund":
                body = {"amount": wanted.amount_minor, "links": {"payment": wanted.txn}}
                made = await self._make("refunds", body, wanted)
            case _:
                body = {
                    "amount": wanted.amount_minor,
                    "currency": wanted.currency,
                    "links": {"mandate": wanted.mandate_ref},
                    "description": f"{wanted.description} {wanted.reference}"[:100],
                    "retry_if_possible": False,
                }
                if wanted.collect_on:
                    body["charge_date"] = wanted.collect_on.isoformat()
                made = await self._make("payments", body, wanted)
        return Begun(made) if isinstance(made, str) else made

    async def _page(self, wanted: StartRequest) -> Started:
        asked = {"mandate_request": {"scheme": self.scheme, "currency": wanted.currency}}
        made = await self._make("billing_requests", asked, wanted)
        if not isinstance(made, str):
            return made
        flow = {"redirect_uri": wanted.return_url, "exit_uri": wanted.return_url, "links": {"billing_request": made}}
        reply = await self._ask("POST", "/billing_request_flows", {"billing_request_flows": flow}, f"{wanted.key}:page")
        if not isinstance(reply, Reply):
            return reply
        return Begun(made, reply.body["billing_request_flows"]["authorisation_url"])

    async def _make(
        self, kind: str, body: dict[str, Any], wanted: StartRequest
    ) -> str | Declined | Unreached | Unanswered:
        """Create something under our key; its id, also where it was created before."""
        body = body | {"metadata": {"attempt": wanted.key, "account": wanted.reference}}
        reply = await self._ask("POST", f"/{kind}", {kind: body}, wanted.key)
        if isinstance(reply, Reply):
            return str(reply.body[kind]["id"])
        return reply.reason if isinstance(reply, _Before) else reply

    async def forget(self, token: str, key: str) -> Started:
        """The mandate is cancelled at her bank too; one whose page was never finished has none."""
        if not token.startswith("MD"):
            return Declined("no_mandate")
        reply = await self._ask("POST", f"/mandates/{quote(token, safe='')}/actions/cancel", {}, key)
        return Begun(token) if isinstance(reply, Reply) else reply

    async def query(self, asked: StatusQuery) -> Told:
        """What became of a payment or a refund, by its id; without one, by our key among what was made since."""
        kind, read_it = ("refunds", refund_state) if asked.method == "refund" else ("payments", payment_state)
        if asked.provider_ref:
            reply = await self._ask("GET", f"/{kind}/{quote(asked.provider_ref, safe='')}")
            return read_it(reply.body[kind]) if isinstance(reply, Reply) else untold(reply)
        return await self._find(asked, kind, read_it)

    async def _find(self, asked: StatusQuery, kind: str, read_it: Callable[[dict[str, Any]], Queried]) -> Told:
        """By our key among all that was made since, however many pages that are: only then is it surely missing."""
        since = (asked.created_at - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        path, after = f"/{kind}?limit=500&created_at[gte]={since}", ""
        for _ in range(MOST_PAGES):
            reply = await self._ask("GET", path + (f"&after={quote(after, safe='')}" if after else ""))
            if not isinstance(reply, Reply):
                return untold(reply)
            for one in reply.body[kind]:
                if (one.get("metadata") or {}).get("attempt") == asked.key:
                    return read_it(one)
            after = reply.body.get("meta", {}).get("cursors", {}).get("after")
            if not after:
                return Queried("missing")
        return Unanswered("more was made since than we read")

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
    ) -> Reply | Declined | Unreached | Unanswered:
        headers = {"Authorization": f"Bearer {self.access_token}", "GoCardless-Version": VERSION}
        if key:
            headers["Idempotency-Key"] = key
        reply = await call(method, self.base_url + path, headers=headers, body=body)
        if not isinstance(reply, Reply) or reply.status < 300:
            return reply
        if reply.status >= 500 or reply.status == 429:
            return Unanswered(f"HTTP {reply.status}")
        for error in reply.body.get("error", {}).get("errors", []):
            if error.get("reason") == "idempotent_creation_conflict":
                return _Before(error["links"]["conflicting_resource_id"])
        return Declined("declined")

    def parse_callback(self, headers: Mapping[str, str], body: bytes, topic: str, about: str) -> list[ProviderEventIn]:
        """The events of a signed webhook, up to 250."""
        verify(self.webhook_secret, headers.get(HEADER, ""), mac(self.webhook_secret, body).hex(), status=498)
        said = loads(body)
        try:
            return [read(one) for one in said["events"]]
        except (KeyError, TypeError, ValueError, AttributeError) as why:
            raise NotUnderstood("not events of GoCardless") from why


class _Before(Declined):
    """It was created before, under this id (its `reason`)."""

    __slots__ = ()


def opened(app: App) -> GoCardless:
    """The GoCardless of the settings."""
    settings = app.settings
    return GoCardless(
        settings.gocardless_base_url.rstrip("/"),
        settings.gocardless_access_token.get_secret_value(),
        settings.gocardless_webhook_secret.get_secret_value(),
        settings.gocardless_scheme,
    )
