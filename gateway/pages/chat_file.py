"""A picture sent in the web chat: kept for a clerk like one from any other chat, and answered in the chat.

The page posts the bytes as they are. What they are is read off them; the cookie says whose chat it is.
"""

from aiohttp import web
from msgspec.structs import replace

from channels.contract import NotUnderstood
from channels.webchat import a_file
from core.care import media
from core.parties import contacts
from core.text import say
from gateway.admin.auth import same_origin
from gateway.admin.described import described
from gateway.desk import HOUSE, SPOOL
from gateway.pages.chat import COOKIE, THROTTLE, page_language, visitor_of


@described(summary="A picture for the web chat", status=202)
async def take(request: web.Request) -> web.Response:
    """POST /chat/file?id=: the bytes of the file as the body."""
    cookie = request.cookies.get(COOKIE, "")
    if not same_origin(request) or not 40 <= len(cookie) <= 64:
        raise web.HTTPForbidden(text="Open the chat on our own page.")
    house, visitor = request.app[HOUSE], visitor_of(cookie)
    if not request.app[THROTTLE].allows(visitor):
        raise web.HTTPTooManyRequests
    try:
        inbound = a_file(visitor, request.query.get("id", ""))
    except NotUnderstood as why:
        return web.json_response({"code": why.code, "reason": why.reason}, status=400)
    body = await _body(request)
    async with house.db.writing() as conn:
        contact = await contacts.find_or_make(conn, house, "webchat", visitor)
        wrong = await media.keep(
            conn, house, channel="webchat", ref=inbound.details["media"], contact_id=contact.id, body=body
        )
    if wrong is not None:
        reason = say(page_language(request), "chat.file_wrong")
        return web.json_response({"code": f"file.{wrong}", "reason": reason}, status=400)
    named = {**inbound.details, "type": media.kind_of(body) or ""}
    await request.app[SPOOL].take("chat", "webchat", replace(inbound, details=named))
    return web.Response(status=202)


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
