"""What providers tell us: every address of every open channel (`Channel.doors`), answered in one way.

Wrong secret or signature 403; not understood 400 {"code", "reason"} and nothing stored; understood 200. What a synchronous channel
brings (USSD) is answered with the next screen. A message is answered through the outbox; it is claimed by the provider's id, so that a repeat has no second effect.
While the database is away everything but a step of a synchronous channel is kept on disk (`gateway/hooks/spool.py`) and answered 200 all the same. What is wrong
with one event of a batch keeps none of its neighbours back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

from channels.contract import Acknowledges, Channel, Door, Event, Malformed, RawRequest
from core.config import hook_secrets
from core.message import Inbound
from gateway.app_keys import APP, CHANNELS, SPOOL, TURNS
from gateway.conversation import replies
from gateway.conversation.addressee import for_us
from gateway.conversation.interaction_log import PASSED
from gateway.hooks import reports
from gateway.hooks.spool import Full

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(channels: Iterable[Channel]) -> list[web.AbstractRouteDef]:
    """Every address that a provider of these channels calls."""
    return [web.route(door.method, door.path, _open(channel, door)) for channel in channels for door in channel.doors]


def _open(channel: Channel, door: Door) -> Handler:
    """The handler of one door."""
    guarded, provider = "{secret}" in door.path, door.path.split("/")[2]

    async def handle(request: web.Request) -> web.Response:
        if guarded and not hook_secrets.opens(request.app[APP].settings, provider, request.match_info["secret"]):
            return _refused(403, "secret.wrong", "The secret in the path is not right.")
        body = await _body(request, door.largest)
        if body is None:
            return _refused(400, "body.too_long", f"The body is longer than {door.largest} bytes.")
        received = RawRequest(request.method, body, request.rel_url.raw_query_string, request.headers)
        if not door.genuine(received):
            return _refused(403, "signature.wrong", "The signature is missing or not right.")
        return await _understand(request.app, channel, door, received)

    handle.__doc__ = f"{door.method} {door.path}: the provider of the channel {channel.name} calls."
    return handle


async def _understand(app: web.Application, channel: Channel, door: Door, received: RawRequest) -> web.Response:
    """Reads what came in and acts on it."""
    try:
        events = door.parse(received)
    except Malformed as why:
        if not door.lenient:
            return _refused(400, why.code, why.reason)
        log.warning("hook.not_understood", channel=channel.name, why=why.code)
        events = []
    return await _answer(app, channel, door, received, events)


async def _answer(
    app: web.Application, channel: Channel, door: Door, received: RawRequest, events: list[Event]
) -> web.Response:
    """Acts on what was understood; the body of the 200 is the next screen, or whatever the provider expects."""
    said: str | None = None
    wrong: Exception | None = None
    for event in events:
        try:
            said = await _act(app, channel, event) or said
        except Exception as why:
            wrong = why
    if isinstance(wrong, Full):
        return _refused(503, "later", "The message could not be kept; please bring it again.")
    if wrong is not None:
        raise wrong
    if said is None:
        said = door.answer(received)
    elif door.envelope is not None:
        said = door.envelope(received, said)
    return web.Response(body=("OK" if said is None else said).encode(), headers={"Content-Type": door.content_type})


async def _act(app: web.Application, channel: Channel, event: Event) -> str | None:
    """One thing a provider told us; the screen, where the answer itself is one."""
    if isinstance(event, Inbound) and event.kind == "end":
        return None
    if isinstance(event, Inbound) and channel.synchronous:
        answer = await app[TURNS].answer(event, channel)
        if PASSED in app:
            app[PASSED].note(event, answer)
        return answer.reply
    meant = for_us(app[APP], channel, event)
    if meant is None:
        return None
    await app[SPOOL].take("hook", channel.name, meant)
    if isinstance(meant, Inbound) and isinstance(channel, Acknowledges):
        _later(channel.acknowledge(meant))
    return None


async def take_in(app: web.Application, name: str, event: Event) -> None:
    """What has no screen for an answer, now or when the database is back: harmless when repeated."""
    if isinstance(event, Inbound):
        await replies.hear(app[TURNS], event, app[CHANNELS][name])
    else:
        await reports.take_in(app[APP], event)


_running: set[asyncio.Task[None]] = set()


def _later(doing: Awaitable[None]) -> None:
    """What no answer waits for."""
    task = asyncio.ensure_future(doing)
    _running.add(task)
    task.add_done_callback(_running.discard)


async def _body(request: web.Request, largest: int) -> bytes | None:
    """The body; None when it is longer than we take, which is found out without reading more than that."""
    if (request.content_length or 0) > largest:
        return None
    body = await request.content.readany()
    while not request.content.at_eof():
        body += await request.content.readany()
        if len(body) > largest:
            return None
    return body if len(body) <= largest else None


def _refused(status: int, code: str, reason: str) -> web.Response:
    return web.json_response({"code": code, "reason": reason}, status=status)
