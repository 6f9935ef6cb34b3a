"""A picture sent in the web chat: kept for a clerk like one from any other chat, and answered in the chat.

The page posts the bytes as they are. What they are is read off them; the cookie says whose chat it is.
"""

from aiohttp import web
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Malformed
from core.access import attempts
from core.care import media
from core.parties import contacts
from core.parties import queries as parties
from core.text import say
from gateway.address import limited_by
from gateway.admin.described import described
from gateway.app_keys import APP, SPOOL
from gateway.pages.chat import THROTTLE, visitor_of
from gateway.pages.chat_rooms import CHAT, chat_of
from gateway.pages.page import page_language


@described(summary="A picture for the web chat", status=202)
async def take(request: web.Request) -> web.Response:
    """POST /chat/file?id=: the bytes of the file as the body."""
    app, visitor = request.app[APP], visitor_of(request)
    if not request.app[THROTTLE].allows(visitor):
        raise web.HTTPTooManyRequests
    try:
        inbound = chat_of(request.app).read_file(visitor, request.query.get("id", ""))
    except Malformed as why:
        return web.json_response({"code": why.code, "reason": why.reason}, status=400)
    body = await _body(request)
    async with app.db.writing() as conn:
        contact = await contacts.find_or_make(conn, app, CHAT, visitor)
        wrong = await _too_many(conn, request, contact.id, len(body)) or await media.keep(
            conn, app, channel=CHAT, ref=inbound.details["media"], contact_id=contact.id, body=body
        )
    if wrong is not None:
        many = wrong == "too_many"
        reason = say(page_language(request), "chat.file_too_many" if many else "chat.file_wrong")
        return web.json_response({"code": f"file.{wrong}", "reason": reason}, status=429 if many else 400)
    named = {**inbound.details, "type": media.kind_of(body) or ""}
    await request.app[SPOOL].take("chat", CHAT, replace(inbound, details=named))
    return web.Response(status=202)


async def _too_many(conn: AsyncConnection, request: web.Request, contact_id: int, size: int) -> str | None:
    """Whether strangers at this address have sent what they may in a day. Whoever has an account is not counted with them."""
    if await parties.accounts_of(conn, contact_id):
        return None
    sent = await attempts.take(conn, request.app[APP], "files.address", limited_by(request), media.DAY, size)
    return "too_many" if sent > media.OF_ADDRESS else None


async def _body(request: web.Request) -> bytes:
    """The body, and never more of it than tells that it is too long."""
    body = b""
    async for part in request.content.iter_chunked(64 * 1024):
        body += part
        if len(body) > media.LARGEST:
            break
    return body


def routes() -> list[web.AbstractRouteDef]:
    """`POST /chat/file`."""
    return [web.post("/chat/file", take)]
