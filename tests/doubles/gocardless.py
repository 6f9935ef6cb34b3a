"""A GoCardless that speaks its wire format: mandates by a bank page, payments and refunds under idempotency keys, batched webhooks.

A key used again is answered 409 with what it made. Events are told many at once (`flush`), signed, and in any order. Banks answer by the
mandate's name: one that ends with FUNDS, CLOSED or GONE fails with that cause.
"""

import hashlib
import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from tests.doubles.till import TILL, Moved, Thing, Till, app_of

CAUSES = {"FUNDS": "insufficient_funds", "CLOSED": "bank_account_closed", "GONE": "no_mandate"}
PREFIX = {"payments": "PM", "refunds": "RF", "billing_requests": "BRQ"}


@dataclass
class GoCardless(Till):
    """The double. Events wait until `flush`."""

    token: str = "live_token"
    waiting: list[Thing] = field(default_factory=list)

    def signed(self, body: bytes) -> Mapping[str, str]:
        """The signature of a webhook."""
        return {"Webhook-Signature": hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()}

    def stamp(self) -> str:
        """The present instant as GoCardless writes it."""
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def event(self, kind: str, action: str, cause: str = "other", **links: str) -> None:
        """Something to be told."""
        details = {"origin": "bank", "cause": cause, "scheme": "sepa_core", "reason_code": "XX99", "description": "x"}
        self.waiting.append(
            {
                "id": self.name("EV"),
                "created_at": self.stamp(),
                "resource_type": kind,
                "action": action,
                "details": details,
                "links": links,
                "metadata": {},
            }
        )

    def agree(self, request_id: str, mandate: str) -> None:
        """They give the mandate on the bank page, and the bank agrees."""
        self.event("billing_requests", "fulfilled", billing_request=request_id, mandate_request_mandate=mandate)
        self.event("mandates", "active", mandate=mandate)

    def banks(self) -> None:
        """The banks answer every payment that waits."""
        for one in list(self.things.values()):
            if one["id"].startswith("PM") and one["status"] == "pending_submission":
                cause = next((why for end, why in CAUSES.items() if one["links"]["mandate"].endswith(end)), None)
                one["status"] = "failed" if cause else "confirmed"
                if cause is None:
                    self.truth.append(Moved(one["id"], one["amount"], one["currency"], one["metadata"]["attempt"]))
                self.event("payments", one["status"], cause or "payment_confirmed", payment=one["id"])
            if one["id"].startswith("RF") and one["status"] == "submitted":
                one["status"] = "paid"
                self.event("refunds", "paid", refund=one["id"], payment=one["links"]["payment"])

    def late(self, payment_id: str) -> None:
        """Weeks later the bank takes a payment back."""
        one = self.things[payment_id]
        one["status"] = "failed"
        self.truth.append(Moved(payment_id, -one["amount"], one["currency"], "late"))
        self.event("payments", "failed", "refer_to_payer", payment=payment_id)

    async def flush(self, seed: int | None = None) -> None:
        """Tell what waits, at most 250 events a webhook; shuffled by `seed`."""
        if seed is not None:
            random.Random(seed).shuffle(self.waiting)
        while self.waiting:
            batch, self.waiting = self.waiting[:250], self.waiting[250:]
            await self.post({"events": batch, "meta": {"webhook_id": self.name("WB")}})


def _double(request: web.Request) -> GoCardless:
    till = request.app[TILL]
    if not isinstance(till, GoCardless):
        raise TypeError("this app is GoCardless's")
    given = request.headers.get("Authorization"), request.headers.get("GoCardless-Version")
    if given != (f"Bearer {till.token}", "2015-07-06"):
        raise web.HTTPUnauthorized(text='{"error": {"errors": []}}', content_type="application/json")
    return till


async def _make(request: web.Request) -> web.Response:
    double, kind = _double(request), request.match_info["kind"]
    said, key = (await request.json())[kind], request.headers.get("Idempotency-Key")
    known = double.before(key)
    if known:
        links = {"conflicting_resource_id": known["id"]}
        error = {"reason": "idempotent_creation_conflict", "message": "made before", "links": links}
        return web.json_response({"error": {"type": "invalid_state", "code": 409, "errors": [error]}}, status=409)
    if kind == "payments" and (type(said["amount"]) is not int or not said["links"]["mandate"].startswith("MD")):
        return web.json_response({"error": {"errors": [{"field": "amount"}]}}, status=422)
    status = {"payments": "pending_submission", "refunds": "submitted", "billing_requests": "pending"}[kind]
    made = double.keep({**said, "id": double.name(PREFIX[kind]), "status": status, "created_at": double.stamp()}, key)
    if kind == "refunds":
        paid = double.things[said["links"]["payment"]]
        made["currency"] = paid["currency"]
        double.truth.append(Moved(paid["id"], -said["amount"], paid["currency"], said["metadata"]["attempt"]))
    return web.json_response({kind: made}, status=201)


async def _flow(request: web.Request) -> web.Response:
    said = (await request.json())["billing_request_flows"]
    url = f"https://pay.gocardless.com/billing/static/flow?id={said['links']['billing_request']}"
    return web.json_response({"billing_request_flows": {**said, "id": "BRF1", "authorisation_url": url}}, status=201)


async def _cancel(request: web.Request) -> web.Response:
    double, mandate = _double(request), request.match_info["id"]
    double.event("mandates", "cancelled", "mandate_cancelled", mandate=mandate)
    return web.json_response({"mandates": {"id": mandate, "status": "cancelled"}})


async def _one(request: web.Request) -> web.Response:
    found = _double(request).things.get(request.match_info["id"])
    if found is None:
        return web.json_response({"error": {"type": "invalid_api_usage", "errors": []}}, status=404)
    return web.json_response({request.match_info["kind"]: found})


async def _list(request: web.Request) -> web.Response:
    kind = request.match_info["kind"]
    double, since = _double(request), request.query.get("created_at[gte]", "")
    found = [
        one
        for one in reversed(double.things.values())
        if one["id"].startswith(PREFIX[kind]) and one["created_at"][:19] >= since[:19]
    ]
    page, after = double.listed(found, request.query.get("after"), int(request.query.get("limit", "50")))
    return web.json_response({kind: page, "meta": {"cursors": {"before": None, "after": after}, "limit": 500}})


def make_app(double: GoCardless) -> web.Application:
    """GoCardless as a service of its own."""
    kind = "{kind:payments|refunds|billing_requests}"
    return app_of(
        double,
        [
            web.post("/billing_request_flows", _flow),
            web.post("/mandates/{id}/actions/cancel", _cancel),
            web.post(f"/{kind}", _make),
            web.get(f"/{kind}", _list),
            web.get(f"/{kind}/{{id}}", _one),
        ],
    )
