"""The web chat: a page and a socket. Reconnecting loses nothing and repeats nothing.

The page numbers what it says by an id of its own and says it again until it hears `done`; the turn is known by that id, and so
are its lines in the transcript. Who the visitor is hangs on a random cookie; the rooms below know only its digest.
"""

import json
from typing import TYPE_CHECKING

import msgspec
import structlog
from aiohttp import WSMessage, WSMsgType, web

from channels.contract import Malformed, Since
from core.access import secrets
from core.care.interactions import Interaction, log_many
from core.chat import transcript
from core.context import App
from core.db import idempotency
from core.message import ADDRESS, Inbound
from core.parties import contacts
from dialogs.redact import to_keep, without_cards
from gateway import signed_values
from gateway.address import limited_by
from gateway.admin.auth import same_origin
from gateway.admin.described import described
from gateway.admin.throttle import Throttle
from gateway.app_keys import APP, CHANNELS, SPOOL, TURNS
from gateway.pages.chat_rooms import CHAT, ROOMS, OpenPage, Rooms, chat_of, closing, running
from gateway.pages.page import page_language, render

if TYPE_CHECKING:
    from gateway.conversation.turn import TurnAnswer

log = structlog.get_logger()
COOKIE, COOKIE_LASTS = "hodi_chat", 180 * 24 * 3600
DOTS, CLIP = "••••", "\N{PAPERCLIP}"
THROTTLE: web.AppKey[Throttle] = web.AppKey("chat_throttle", Throttle)
CROWD: web.AppKey[Throttle] = web.AppKey("chat_crowd_throttle", Throttle)
"""Of a visitor; and of all visitors at one address, who cost nothing to invent."""


@described(summary="The web chat")
async def chat(request: web.Request) -> web.Response:
    """GET /chat."""
    return await with_visitor(request, render(request, "chat.html", lang=page_language(request)))


@described(summary="The web chat's WebSocket: frames of channels/webchat.py")
async def socket(request: web.Request) -> web.StreamResponse:
    """GET /chat/socket."""
    visitor = visitor_of(request)
    ws = web.WebSocketResponse(heartbeat=25, max_msg_size=chat_of(request.app).largest_frame, compress=False)
    if not ws.can_prepare(request):
        raise web.HTTPUpgradeRequired(text="This address speaks WebSocket.")
    await ws.prepare(request)
    rooms, page = request.app[ROOMS], OpenPage(visitor, ws, limited_by(request))
    if not await rooms.enter(page):
        await ws.close(code=1013, message=b"full")
        return ws
    try:
        async for frame in ws:
            await _heard(request.app, rooms, page, frame)
    finally:
        rooms.leave(page)
    return ws


async def _heard(app: web.Application, rooms: Rooms, page: OpenPage, frame: WSMessage) -> None:
    """One frame of a page: it came back, or it says something."""
    if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
        return
    try:
        told = chat_of(app).read(page.visitor, frame.data)
        if isinstance(told, Inbound):
            told = msgspec.structs.replace(told, details={**told.details, ADDRESS: page.address})
    except Malformed as why:
        await page.socket.send_str(chat_of(app).refusal(why))
        return
    if isinstance(told, Since):
        page.seen = told.seq
        await _is_open(app, page.visitor)
        await rooms.bring(page)
        await page.socket.send_str(json.dumps({"last": page.seen}))
    elif not (app[THROTTLE].allows(page.visitor) and app[CROWD].allows(page.address)):
        await page.socket.send_str(json.dumps({"wait": told.message_id}))
    else:
        await _said(app, page, told)


async def _is_open(app: web.Application, visitor: str) -> None:
    async with app[APP].db.writing() as conn:
        await transcript.keep_open(conn, app[APP], [visitor])


async def _said(app: web.Application, page: OpenPage, inbound: Inbound) -> None:
    """A turn, and `done` so that the page stops saying it: also when it is kept on disk, and answered once the database is back."""
    try:
        await app[SPOOL].take("chat", CHAT, inbound)
    except Exception as bug:
        log.error("a chat turn failed", error=type(bug).__name__)
        await page.socket.send_str(json.dumps({"wait": inbound.message_id}))
        return
    if not page.socket.closed:
        await page.socket.send_str(json.dumps({"done": inbound.message_id}))


async def take_in(app: web.Application, name: str, inbound: Inbound) -> None:
    """Her line, then our answer. Each step may be repeated unharmed."""
    rooms = app[ROOMS]
    async with rooms.turns[inbound.user]:
        words, hers = await _her_line(app, inbound)
        await rooms.show(inbound.user, hers)
        answer = await app[TURNS].answer(inbound, app[CHANNELS][name])
        if answer.unavailable:
            raise ConnectionError("the turn could not be taken")
        await rooms.show(inbound.user, await _our_line(app, inbound, words, answer))


async def _her_line(app: web.Application, inbound: Inbound) -> tuple[str, transcript.ChatLine | None]:
    """Put down what she said, as it may be kept: an option by its words, a secret and a card number as dots."""
    hodi = app[APP]
    async with hodi.db.writing() as conn:
        last = await transcript.last_said(conn, inbound.user)
        labels = {option["key"]: option["label"] for option in last.get("options", ())}
        words = (
            CLIP
            if inbound.kind == "media"
            else DOTS
            if last.get("secret")
            else labels.get(inbound.text, without_cards(inbound.text, "•"))
        )
        key = f"you:{inbound.message_id}"
        line = await transcript.write(conn, hodi, inbound.user, key=key, side="you", body={"text": words})
    return words, line


async def _our_line(
    app: web.Application, inbound: Inbound, words: str, answer: "TurnAnswer"
) -> transcript.ChatLine | None:
    """Put down what we say, and both in the log of all that passed."""
    hodi, body = app[APP], json.loads(answer.reply)
    body.pop("seq", None)
    contact_id = answer.session.who.contact_id if answer.session and answer.session.who else None
    words = to_keep(words, secret=False, unheard=bool(answer.session and answer.session.unheard))
    passed = [("in", words)] if answer.silent else [("in", words), ("out", body["text"])]
    said = [Interaction(contact_id, None, CHAT, direction, "turn", text) for direction, text in passed]
    async with hodi.db.writing() as conn:
        key = f"hodi:{inbound.message_id}"
        line = None
        if answer.silent:
            fresh = await idempotency.first_time(conn, f"{inbound.user}:{key}", hodi.clock.now())
        else:
            line = await transcript.write(conn, hodi, inbound.user, key=key, side="hodi", body=body)
            fresh = line is not None
        if fresh:
            await log_many(conn, hodi, said)
    return line


def visitor_of(request: web.Request) -> str:
    """Who holds this cookie of ours, as all other rooms know them: its digest, cut short. 403 without one, and from other sites."""
    name = signed_values.opened(request.app[APP], COOKIE, request.cookies.get(COOKIE, ""))
    if name is None or not same_origin(request):
        raise web.HTTPForbidden(text="Open the chat on our own page.")
    return _as_known(name)


def _as_known(name: str) -> str:
    return secrets.digest(name)[:32]


async def with_visitor(request: web.Request, page: web.Response) -> web.Response:
    """Give the browser its cookie, or let it keep the one it has a while longer."""
    app, cookie = request.app[APP], request.cookies.get(COOKIE, "")
    name = signed_values.opened(app, COOKIE, cookie) or await _given_before(app, cookie) or secrets.fresh()
    secure = app.settings.public_url.startswith("https:")
    page.set_cookie(
        COOKIE,
        signed_values.sealed(app, COOKIE, name),
        max_age=COOKIE_LASTS,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )
    return page


async def _given_before(app: App, cookie: str) -> str | None:
    """A cookie from before we signed them, if somebody is known by it."""
    if not 40 <= len(cookie) <= 64:
        return None
    async with app.db.reading() as conn:
        known = await contacts.find(conn, CHAT, _as_known(cookie))
    return cookie if known else None


def routes() -> list[web.RouteDef]:
    """The page and its socket."""
    return [web.get("/chat", chat), web.get("/chat/socket", socket)]


def setup(app: web.Application) -> None:
    """What the chat needs while the app runs."""
    app[THROTTLE] = Throttle(burst=15, per_seconds=20)
    app[CROWD] = Throttle(burst=300, per_seconds=20)
    app.cleanup_ctx.append(running)
    app.on_shutdown.append(closing)
