"""A Stripe that speaks its wire format: form-encoded requests, Checkout sessions, PaymentIntents, refunds, signed webhooks.

It takes an `Idempotency-Key` for what it is: the same key gives the first answer, with other parameters an error. A saved card whose
name says so is refused (`pm_funds`, `pm_closed`, `pm_authentication`).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.till import TILL, Moved, Thing, Till, app_of

DECLINES = {"funds": "insufficient_funds", "closed": "expired_card", "authentication": "authentication_required"}


@dataclass
class Stripe(Till):
    """The double; `key` is the secret key it wants to see."""

    key: str = "sk_test"
    detached: list[str] = field(default_factory=list)

    def signed(self, body: bytes) -> Mapping[str, str]:
        """`t=...,v1=...` of the body, with a stale second signature as after a change of secret."""
        stamp = str(self.now())
        right = hmac.new(self.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={stamp},v1={'0' * 64},v1={right}"}

    def event(self, kind: str, thing: Thing) -> Thing:
        """An event about a thing as it stands."""
        return {
            "id": self.name("evt_"),
            "object": "event",
            "type": kind,
            "created": self.now(),
            "livemode": False,
            "data": {"object": dict(thing)},
        }

    def pay(self, session_id: str) -> None:
        """They pay on the Checkout page: two events about one payment."""
        page = self.things[session_id]
        if page["status"] != "open":
            return
        intent = self.keep(
            {
                "id": self.name("pi_"),
                "object": "payment_intent",
                "status": "succeeded",
                "amount_received": page["amount_total"],
                "currency": page["currency"],
                "metadata": page["_intent_metadata"],
                "created": self.now(),
            },
            None,
        )
        page.update(status="complete", payment_status="paid", payment_intent=intent["id"])
        self._moved(intent)
        self.tell(self.event("payment_intent.succeeded", intent))
        self.tell(self.event("checkout.session.completed", page))

    def save(self, session_id: str, method: str = "pm_card") -> None:
        """They leave a card on the page."""
        page = self.things[session_id]
        page.update(status="complete", customer=self.name("cus_"))
        intent = {
            "id": self.name("seti_"),
            "object": "setup_intent",
            "status": "succeeded",
            "customer": page["customer"],
            "payment_method": method,
            "metadata": page["_setup_metadata"],
        }
        self.tell(self.event("setup_intent.succeeded", intent))

    def dispute(self, intent_id: str, won: bool = False) -> None:
        """Their bank takes the money back, or gives it back after all."""
        intent = self.things[intent_id]
        minor = intent["amount_received"] if won else -intent["amount_received"]
        self.truth.append(Moved(intent_id, minor, intent["currency"], "dispute"))
        thing = self.disputed(intent_id, "won" if won else "needs_response")
        self.tell(self.event(f"charge.dispute.{'closed' if won else 'created'}", thing))
        self.tell(self.event(f"charge.dispute.funds_{'reinstated' if won else 'withdrawn'}", thing))

    def disputed(self, intent_id: str, status: str) -> Thing:
        """The dispute of a payment, as it stands; evidence is taken for a week."""
        intent = self.things[intent_id]
        due = {"due_by": self.now() + 7 * 86_400, "has_evidence": status == "under_review", "past_due": False}
        return {
            "id": f"dp_{intent_id}",
            "object": "dispute",
            "amount": intent["amount_received"],
            "status": status,
            "currency": intent["currency"],
            "payment_intent": intent_id,
            "reason": "fraudulent",
            "evidence_details": due,
        }

    def _moved(self, intent: Thing) -> None:
        key = intent["metadata"].get("attempt", "")
        self.truth.append(Moved(intent["id"], intent["amount_received"], intent["currency"], key))


def _double(request: web.Request) -> Stripe:
    till = request.app[TILL]
    if not isinstance(till, Stripe):
        raise TypeError("this app is Stripe's")
    return till


def _marks(said: Mapping[str, Any], prefix: str) -> Thing:
    return {name[len(prefix) + 1 : -1]: value for name, value in said.items() if name.startswith(f"{prefix}[")}


def _wrong(code: str, status: int = 400, **more: Any) -> web.Response:
    kind = "card_error" if status == 402 else "invalid_request_error"
    return web.json_response({"error": {"type": kind, "code": code, "message": code, **more}}, status=status)


def _shown(thing: Thing) -> Thing:
    return {name: value for name, value in thing.items() if not name.startswith("_")}


async def _make(request: web.Request) -> web.Response:
    double, said = _double(request), dict(await request.post())
    if request.headers.get("Authorization") != f"Bearer {double.key}":
        return _wrong("api_key_invalid", 401)
    key = request.headers.get("Idempotency-Key")
    known = double.before(key)
    if known:
        return web.json_response(_shown(known)) if known["_said"] == said else _wrong("idempotency_error")
    kind = request.match_info["kind"]
    made = {"checkout/sessions": _session, "payment_intents": _intent, "refunds": _refund}[kind](double, said)
    if isinstance(made, web.Response):
        return made
    double.keep(made | {"_said": said, "created": double.now()}, key)
    return web.json_response(_shown(made))


def _session(double: Stripe, said: Thing) -> Thing | web.Response:
    number = double.name("cs_")
    page = {
        "id": number,
        "object": "checkout.session",
        "mode": said["mode"],
        "status": "open",
        "payment_status": "unpaid",
        "client_reference_id": said["client_reference_id"],
        "url": f"https://checkout.stripe.com/c/pay/{number}",
        "metadata": _marks(said, "metadata"),
        "currency": "usd",
        "payment_intent": None,
        "amount_total": None,
        "_intent_metadata": _marks(said, "payment_intent_data[metadata]"),
        "_setup_metadata": _marks(said, "setup_intent_data[metadata]"),
    }
    if said["mode"] == "setup":
        return page if "currency" in said else _wrong("parameter_missing")
    price = "line_items[0][price_data]"
    return page | {
        "amount_total": int(str(said[f"{price}[unit_amount]"])) * int(str(said["line_items[0][quantity]"])),
        "currency": said[f"{price}[currency]"],
    }


def _intent(double: Stripe, said: Thing) -> Thing | web.Response:
    why = DECLINES.get(str(said["payment_method"]).removeprefix("pm_"))
    intent = {
        "id": double.name("pi_"),
        "object": "payment_intent",
        "status": "succeeded",
        "currency": said["currency"],
        "amount_received": int(str(said["amount"])),
        "metadata": _marks(said, "metadata"),
    }
    if said.get("off_session") != "true" or said.get("confirm") != "true":
        return _wrong("parameter_missing")
    if why:
        error = {"code": "card_declined", "decline_code": why}
        intent |= {"status": "requires_payment_method", "amount_received": 0, "last_payment_error": error}
        double.tell(double.event("payment_intent.payment_failed", double.keep(intent, None)))
        return _wrong("card_declined", 402, decline_code=why)
    double._moved(intent)
    double.tell(double.event("payment_intent.succeeded", intent))
    return intent


def _refund(double: Stripe, said: Thing) -> Thing | web.Response:
    intent = double.things.get(str(said["payment_intent"]))
    minor = int(str(said["amount"]))
    back = -sum(one.minor for one in double.truth if one.txn == said["payment_intent"] and one.minor < 0)
    if intent is None or minor > intent["amount_received"] - back:
        return _wrong("charge_already_refunded")
    double.truth.append(Moved(intent["id"], -minor, intent["currency"], _marks(said, "metadata").get("attempt", "")))
    made = {
        "id": double.name("re_"),
        "object": "refund",
        "status": "succeeded",
        "amount": minor,
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "metadata": _marks(said, "metadata"),
    }
    double.tell(double.event("refund.created", made))
    return made


async def _detach(request: web.Request) -> web.Response:
    double, saved = _double(request), request.match_info["id"]
    double.detached.append(saved)
    return web.json_response({"id": saved, "object": "payment_method", "customer": None})


async def _one(request: web.Request) -> web.Response:
    found = _double(request).things.get(request.match_info["id"])
    return web.json_response(_shown(found)) if found else _wrong("resource_missing", 404)


async def _list(request: web.Request) -> web.Response:
    kind = {"checkout/sessions": "checkout.session", "payment_intents": "payment_intent", "refunds": "refund"}
    since = int(request.query.get("created[gte]", "0"))
    found = [
        _shown(one)
        for one in reversed(_double(request).things.values())
        if one["object"] == kind[request.match_info["kind"]] and one.get("created", 0) >= since
    ]
    most = int(request.query.get("limit", "10"))
    page, after = _double(request).listed(found, request.query.get("starting_after"), most)
    return web.json_response({"object": "list", "data": page, "has_more": after is not None, "url": request.path})


def make_app(double: Stripe) -> web.Application:
    """Stripe as a service of its own."""
    kind = "{kind:checkout/sessions|payment_intents|refunds}"
    return app_of(
        double,
        [
            web.post("/v1/payment_methods/{id}/detach", _detach),
            web.post(f"/v1/{kind}", _make),
            web.get(f"/v1/{kind}", _list),
            web.get(f"/v1/{kind}/{{id}}", _one),
        ],
    )
