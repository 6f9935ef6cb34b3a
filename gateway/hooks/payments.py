"""Payment providers call back here. The path carries the secret of this provider, the body its own signature where the provider has one.

Answered 403 for a wrong secret or signature and 400 for what is not understood, with nothing stored; 200 once it is kept, in the
database or while that is away on the disk; 503 when neither could be, so that the provider tells it again. Daraja asks before a paybill payment goes through (`validation`).
"""

import msgspec
from aiohttp import web

from core.config import hook_secrets
from core.context import App
from core.payments import doors as payment_doors
from core.payments import inbox, validation
from core.payments.providers.contract import ProviderEventIn
from gateway.app_keys import APP, SPOOL
from gateway.hooks.spool import Full

LARGEST = 512 * 1024
"""No provider's callback comes near to so many bytes (GoCardless tells up to 250 events at once)."""


class ProviderEvents(msgspec.Struct, frozen=True):
    """What one callback of a payment provider told us."""

    events: tuple[ProviderEventIn, ...]


async def _body(request: web.Request) -> bytes:
    """The body, or 413 without reading more than we take."""
    body = await request.content.read(LARGEST + 1)
    while len(body) <= LARGEST and not request.content.at_eof():
        body += await request.content.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise web.HTTPRequestEntityTooLarge(max_size=LARGEST, actual_size=len(body))
    return body


def _knows_the_secret(request: web.Request) -> bool:
    provider = request.match_info.get("provider", "daraja")
    return hook_secrets.opens(request.app[APP].settings, provider, request.match_info["secret"])


_LATER = {"code": "later", "reason": "it could not be kept; please tell it again"}
_FORBIDDEN = {"code": "forbidden", "reason": "the address is not one of ours"}


async def _event(request: web.Request) -> web.Response:
    """Money moved, or did not."""
    if not _knows_the_secret(request):
        return web.json_response(_FORBIDDEN, status=403)
    app, provider = request.app[APP], request.match_info["provider"]
    understood = inbox.read(
        app,
        provider,
        request.headers,
        await _body(request),
        topic=request.match_info.get("topic", ""),
        about=request.query.get("attempt", ""),
    )
    if isinstance(understood, inbox.CallbackAnswer):
        return web.json_response(understood.body, status=understood.status)
    try:
        await request.app[SPOOL].take("payment", provider, ProviderEvents(tuple(understood)))
    except Full:
        return web.json_response(_LATER, status=503)
    answer = inbox.acknowledged(app, provider)
    return web.json_response(answer.body, status=answer.status)


async def take_in(app: App, provider: str, told: ProviderEvents) -> None:
    """What a callback told us, now or when the database is back; each event has its own key, so a repeat changes nothing."""
    await payment_doors.told(app, provider, told.events)


async def _validation(request: web.Request) -> web.Response:
    """Daraja asks whether a paybill payment is welcome."""
    if not _knows_the_secret(request):
        return web.json_response(_FORBIDDEN, status=403)
    answer = await validation.answer(request.app[APP], await _body(request))
    return web.json_response(answer.body, status=answer.status)


def routes() -> list[web.AbstractRouteDef]:
    """`/hooks/payments/{secret}/...` of contract.md."""
    return [
        web.post("/hooks/payments/{secret}/daraja/validation", _validation),
        web.post("/hooks/payments/{secret}/{provider:daraja}/{topic:stk|confirmation|result|reversal|timeout}", _event),
        web.post("/hooks/payments/{secret}/{provider}", _event),
    ]
