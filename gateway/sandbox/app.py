"""The sandbox payment provider: its own HTTP service, the embedded default of the demo and the double of our tests.

It takes card payments on a checkout page (Pay and Decline, never a card field), prompts on phones, and direct debits; calls back with
signed events, again and again until they are taken; and keeps books of its own (`GET /v1/payments`) to compare ours with.
`make_app` makes the service; anybody who knows `secret` may ask it, anybody who has a checkout address may pay there.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from hmac import compare_digest
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader

from core import money
from core.clock import Clock, SystemClock
from gateway.sandbox import vending
from gateway.sandbox.books import Books, SandboxPayment, payment_from
from gateway.sandbox.service import Service, mask

PAGES = ("card", "mandate")
"""What is decided by the customer on a page of the sandbox's."""
_PAGES = Environment(loader=PackageLoader("gateway.pages"), autoescape=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


SERVICE: web.AppKey[Service] = web.AppKey("sandbox", Service)


async def _create(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    try:
        wanted = payment_from(await request.json(), service.now())
    except (ValueError, TypeError) as why:
        return web.json_response({"code": "bad_request", "reason": str(why)}, status=400)
    known = service.books.by_key(wanted.key)
    if known and known.asked != wanted.asked:
        return web.json_response({"code": "key_reused", "reason": "this key asked for something else"}, status=409)
    behaviour = service.manners.towards(wanted)
    if behaviour.answer == "dropped_before":
        return await _drop(request)
    if known is None:
        known = service.books.add(wanted)
        service.take(known, behaviour)
    if behaviour.answer == "hangs":
        await asyncio.sleep(3600)
    if behaviour.answer == "dropped_after":
        return await _drop(request)
    return web.json_response(_shown(request, known), status=201)


async def _drop(request: web.Request) -> web.StreamResponse:
    """Hang up without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _shown(request: web.Request, payment: SandboxPayment) -> dict[str, Any]:
    shown = {**asdict(payment), "payer": mask(payment.phone)}
    if payment.method in PAGES:
        shown["checkout_url"] = str(request.url.origin() / "checkout" / payment.id)
    return shown


async def _all(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    return web.json_response([_shown(request, payment) for payment in service.books.all()])


async def _one(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    payment = service.fresh(service.books.by_key(request.match_info["key"]))
    if payment is None:
        return web.json_response({"code": "unknown", "reason": "no payment has this key"}, status=404)
    return web.json_response(_shown(request, payment))


async def _reverse(request: web.Request) -> web.StreamResponse:
    """Take a settled payment back: `{"kind": "refund" | "chargeback" | "debit_return"}`."""
    service, said = request.app[SERVICE], await request.json()
    payment = service.books.by_key(request.match_info["key"])
    if payment is None or payment.state != "succeeded":
        return web.json_response({"code": "unknown", "reason": "no settled payment has this key"}, status=404)
    service.tell(service.books.settle(payment, state="reversed"), "reversed", state=said["kind"], reason=said["kind"])
    return web.json_response({"state": "reversed"})


async def _inbound(request: web.Request) -> web.StreamResponse:
    """Somebody pays into the paybill without being asked: `{"reference", "amount_minor", "currency", "phone"}`."""
    service, said = request.app[SERVICE], await request.json()
    said = {
        "callback_url": service.callback_url,
        **said,
        "method": "mobile_inbound",
        "key": f"in_{secrets.token_hex(8)}",
    }
    payment = service.books.add(payment_from(said, service.now()))
    txn = f"SB{secrets.token_hex(4).upper()}"
    payment = service.books.settle(payment, state="succeeded", txn=txn, at=service.now())
    service.tell(payment, "inbound", key=None)
    return web.json_response(_shown(request, payment), status=201)


async def _mandate(request: web.Request) -> web.StreamResponse:
    """A bank says what became of a mandate: `{"state": "active" | "cancelled" | "failed" | "expired"}`."""
    service, said = request.app[SERVICE], await request.json()
    event = {
        "id": f"evt_{secrets.token_urlsafe(9)}",
        "type": "mandate",
        "payment": request.match_info["mandate"],
        "state": said["state"],
        "at": service.now(),
    }
    url = said.get("callback_url") or service.callback_url
    service.start(service.deliver(service.books.to_tell(url, event)))
    return web.json_response({"told": True}, status=202)


async def _behave(request: web.Request) -> web.StreamResponse:
    said = await request.json()
    if said.get("forget"):
        request.app[SERVICE].manners.forget()
    else:
        request.app[SERVICE].manners.behave(said)
    return web.json_response({"understood": True})


async def _prompts(request: web.Request) -> web.StreamResponse:
    """The prompts that stand on a phone now."""
    service, phone = request.app[SERVICE], request.query.get("phone")
    shown = [
        _shown(request, payment)
        for payment in service.books.all()
        if payment.method == "mobile_push" and payment.state == "awaiting_customer" and phone in (None, payment.phone)
    ]
    return web.json_response(shown)


async def _answer(request: web.Request) -> web.StreamResponse:
    """She answers the prompt on her phone: `{"yes": true}`."""
    service, said = request.app[SERVICE], await request.json()
    payment = service.decide(request.match_info["id"], None if said.get("yes") else "failed")
    if payment is None:
        return web.json_response({"code": "unknown", "reason": "no such prompt"}, status=404)
    return web.json_response(_shown(request, payment))


async def _checkout(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    payment = service.fresh(service.books.by_id(request.match_info["id"]))
    if payment is None or payment.method not in PAGES:
        raise web.HTTPNotFound
    if request.method == "POST" and payment.state == "awaiting_customer":
        pays = (await request.post()).get("decision") == "pay"
        if payment.method == "mandate":
            service.agree(payment, given=pays)
        else:
            service.decide(payment.id, None if pays else "failed")
        raise web.HTTPSeeOther(payment.return_url or str(request.url))
    amount = money.show(payment.amount_minor, payment.currency, payment.language) if payment.amount_minor else ""
    page = _PAGES.get_template("sandbox_checkout.html").render(payment=payment, amount=amount)
    return web.Response(text=page, content_type="text/html")


@web.middleware
async def _trusted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """All but the checkout page asks for the secret."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not request.path.startswith("/checkout/") and not compare_digest(
        given.encode(), request.app[SERVICE].secret.encode()
    ):
        return web.json_response({"code": "forbidden", "reason": "a wrong secret"}, status=403)
    try:
        return await handler(request)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as why:
        return web.json_response({"code": "bad_request", "reason": str(why)}, status=400)


def make_app(
    secret: str,
    *,
    clock: Clock | None = None,
    path: str = ":memory:",
    prompt_seconds: float = 2.0,
    by_hand: bool = False,
    callback_url: str = "",
) -> web.Application:
    """The sandbox service. `prompt_seconds`: how long a person takes to enter a PIN (or a bank to debit); `by_hand`: prompts wait for
    `/v1/prompts/{id}` instead; `callback_url`: where payments that came unasked are told."""
    app = web.Application(middlewares=[_trusted], client_max_size=64 * 1024)
    service = Service(
        secret,
        clock or SystemClock(),
        Books(path),
        prompt_seconds=prompt_seconds,
        by_hand=by_hand,
        callback_url=callback_url,
    )
    app[SERVICE] = service

    async def life(_app: web.Application) -> AsyncIterator[None]:
        for telling in service.books.untold():
            service.start(service.deliver(telling))
        yield
        await service.stop()
        service.books.close()

    app.cleanup_ctx.append(life)
    vending.setup(app)
    app.add_routes(
        [
            web.post("/v1/payments", _create),
            web.get("/v1/payments", _all),
            web.get("/v1/payments/{key}", _one),
            web.post("/v1/payments/{key}/reverse", _reverse),
            web.post("/v1/inbound", _inbound),
            web.post("/v1/mandates/{mandate}", _mandate),
            web.post("/v1/behave", _behave),
            web.get("/v1/prompts", _prompts),
            web.post("/v1/prompts/{id}", _answer),
            web.get("/checkout/{id}", _checkout),
            web.post("/checkout/{id}", _checkout),
        ]
    )
    return app
