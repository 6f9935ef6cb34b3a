"""The door of the ops side: a Bearer key for `/tmf-api`, a cookie and a CSRF token for `/console`; nobody passes by default.

The permission stands on the handler (`described`). A route there without one is refused, so that forgetting is safe. Whether
an id exists in another branch is never told: what is not theirs is 404 (the queries see to that), what their role may not do is 403.
"""

import re
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from core.access import keys, secrets, sessions
from core.access.model import Who
from core.errors import Refused
from gateway.admin.described import ANYBODY, OPEN, Handler, NotGranted, description
from gateway.app_keys import APP

COOKIE = "hodi_console"
WHO: web.RequestKey[Who] = web.RequestKey("who", Who)
CSRF: web.RequestKey[str] = web.RequestKey("csrf", str)
API, CONSOLE = "/tmf-api/", "/console"
NEXT = "hodi_console_next"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through who may pass; everything outside the ops side passes untouched."""
    if request.path.startswith(API):
        permit(request, await machine(request))
    elif request.path == CONSOLE or request.path.startswith(CONSOLE + "/"):
        await _person(request)
    return await handler(request)


async def machine(request: web.Request) -> Who:
    """Whose Bearer key it is; 401 without one."""
    scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    app = request.app[APP]
    who = None
    if scheme.lower() == "bearer":
        async with app.db.reading() as conn:
            who = await keys.who(conn, app, key.strip())
    if who is None:
        raise web.HTTPUnauthorized(
            headers={"WWW-Authenticate": 'Bearer realm="hodi"'}, text="A valid API key is needed."
        )
    return who


async def _person(request: web.Request) -> None:
    if request.method not in ("GET", "HEAD") and not same_origin(request):
        raise web.HTTPForbidden(text="This form was sent from another site.")
    if _permission(request) == OPEN:
        return
    app, cookie = request.app[APP], request.cookies.get(COOKIE, "")
    async with app.db.reading() as conn:
        sitting = await sessions.sitting(conn, app, cookie) if cookie else None
    if sitting is None:
        raise _to_sign_in(request)
    if request.method not in ("GET", "HEAD"):
        sent = (await request.post()).get("csrf", "")
        if not isinstance(sent, str) or not secrets.same(sent, sitting.csrf):
            raise web.HTTPForbidden(text="The form was too old. Go back, reload the page and try again.")
    request[CSRF] = sitting.csrf
    permit(request, sitting.who)


def _to_sign_in(request: web.Request) -> web.HTTPSeeOther:
    """To the sign-in page; a cookie remembers the page that was looked at, or whose form was sent."""
    sent = str(request.rel_url) if request.method in ("GET", "HEAD") else request.headers.get(hdrs.REFERER, "")
    there, then = web.HTTPSeeOther(f"{CONSOLE}/login"), own_path(sent, request.host)
    if then:
        there.set_cookie(NEXT, then, max_age=900, path=CONSOLE, httponly=True, samesite="Strict")
    return there


_OWN = re.compile(rf"{CONSOLE}(?:/[A-Za-z0-9._~%-]+)*(?:\?[A-Za-z0-9._~%=&+:-]*)?")


def own_path(said: str, host: str = "") -> str:
    """A page of the console that an address names, and nothing else: never a way to another site."""
    try:
        parts = urlsplit(said)
    except ValueError:
        return ""
    if (
        parts.netloc not in ("", host)
        or parts.scheme not in ("", "http", "https")
        or (parts.scheme and not parts.netloc)
    ):
        return ""
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if _OWN.fullmatch(path) and not path.startswith((f"{CONSOLE}/login", f"{CONSOLE}/logout")) else ""


def _permission(request: web.Request) -> str | None:
    match = description(request.match_info.handler)
    return match.permission if match else None


def permit(request: web.Request, who: Who) -> None:
    """Let `who` through to the route of this request, or refuse."""
    request[WHO] = who
    if request.match_info.http_exception is not None:
        return  # no such route: 404 or 405 follows, now that we know they may ask
    text = description(request.match_info.handler)
    if text is None or not (text.permission == ANYBODY or who.may(text.permission)):
        raise NotGranted(who.role)
    if text.whole and who.branch is not None:
        # what is named there does not exist for a branch; what names nothing is refused in words
        raise (
            Refused("theirs.none", status=404, what="page")
            if request.match_info
            else Refused("theirs.whole_house", status=403)
        )


def same_origin(request: web.Request) -> bool:
    """Whether the browser says that the request comes from our own pages (or says nothing, as old ones do)."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return True
    ours = {request.host, urlsplit(request.app[APP].settings.public_url).netloc}
    try:
        return urlsplit(origin).netloc in ours
    except ValueError:  # `http://[`: no browser says so
        return False
