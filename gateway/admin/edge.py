"""The edge of every answer: refusals in words, bugs with a reference and no trace, and the headers that keep a browser honest.

Machines get `{"code", "reason"}`, people a small page. A bug is logged once, with a reference that the person can read out.
"""

import secrets
import traceback
from collections.abc import Mapping

import structlog
from aiohttp import web

from core.care import media
from core.errors import Refused
from core.text import LANGUAGES
from gateway.admin import scrub
from gateway.admin.auth import CSRF
from gateway.admin.described import Handler, NotGranted
from gateway.admin.json import respond

log = structlog.get_logger()

MACHINES = ("/tmf-api/", "/hooks/", "/openapi.json", "/healthz", "/readyz", "/metrics", "/quote", "/phone/")
_PLAIN = "default-src 'none'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
_PAGE = f"{_PLAIN}; style-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self'"
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@web.middleware
async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever happens inside, the answer is one that can be read and tells nothing it should not."""
    try:
        if "\0" in request.path or "\0" in request.query_string or "%00" in request.query_string:
            raise web.HTTPBadRequest(text="The address has a letter that no address may have.")
        if max(map(len, request.path.encode("utf-8", "replace").split(b"/"))) > LONGEST_NAME:
            raise web.HTTPNotFound(text="There is no such page.")
        return await handler(await _form(request))
    except Refused as refusal:
        return _told(request, refusal.status, refusal.code, refusal.sentence(language(request)))
    except web.HTTPException as why:
        if why.status < 400:
            raise
        params = why.params if isinstance(why, NotGranted) else None
        return _told(request, why.status, _code(why), why.text or why.reason, why.headers, params)
    except UnicodeEncodeError:
        return _told(request, 400, "invalidRequest", "A header or a field holds bytes that are no text.")
    except Exception as bug:
        reference = secrets.token_hex(4)
        log.error("a bug", reference=reference, method=request.method, route=route_of(request), **_place(bug))
        words = "Something went wrong on our side. Say {reference} if you call us about it."
        return _told(request, 500, "internalError", words, params={"reference": reference})


LONGEST_NAME = 255
"""Of one part of an address, in bytes: more no file system can look up."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
UNREAD: web.RequestKey[web.Request] = web.RequestKey("unread", web.Request)
"""The request before its form was read: what another page is looked at with (`console/form_middleware.py`)."""
PICTURES = "/me/picture"
"""The one form that may hold a file as large as we keep them."""


async def _form(request: web.Request) -> web.Request:
    """Read a page's form here, so that one that cannot be read is refused once for all pages (providers' hooks read their own)."""
    if request.content_type not in FORMS or request.path.startswith("/hooks/"):
        return request
    if request.path == PICTURES:
        request = request.clone(client_max_size=media.LARGEST + 64 * 1024)
    if request.path.startswith("/console/"):
        request[UNREAD] = request.clone(method="GET")
    try:
        scrub.form(request, await request.post())
        return request
    except (UnicodeDecodeError, LookupError, ValueError):
        raise web.HTTPBadRequest(text="The form cannot be read. Reload the page and send it again.") from None


def _place(bug: Exception) -> dict[str, object]:
    """Kind and place of a bug, without its words and values: those may be a customer's."""
    frames = traceback.extract_tb(bug.__traceback__)
    return {
        "error": type(bug).__name__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def route_of(request: web.Request) -> str:
    """The route as the table writes it (`/b/{token}`): no token, id or secret reaches a log or a metric."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


def language(request: web.Request) -> str:
    """The first language that the browser asks for and we speak; English where there is none."""
    question = request.headers.get("Accept-Language", "")[:100].lower()
    wanted = (part.split(";")[0].strip()[:2] for part in question.split(","))
    return next((lang for lang in wanted if lang in LANGUAGES), "en")


def _code(why: web.HTTPException) -> str:
    words = {400: "invalidRequest", 401: "unauthorized", 403: "forbidden", 404: "notFound", 405: "methodNotAllowed"}
    return words.get(why.status, "refused")


def _told(
    request: web.Request,
    status: int,
    code: str,
    reason: str,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> web.Response:
    reason = reason.removeprefix(f"{status}: ")
    keep = {name: value for name, value in (headers or {}).items() if name in ("Allow", "WWW-Authenticate")}
    if request.path.startswith(MACHINES) or "application/json" in request.headers.get("Accept", ""):
        return respond(
            {"code": code, "reason": reason.format(**params) if params else reason}, status=status, headers=keep
        )
    from gateway.pages.page import message

    return message(request, status, reason, headers=keep, csrf=request.get(CSRF, ""), params=params)


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what every answer carries, unless its page has chosen stricter or other words."""
    if request.path.startswith("/console"):  # with `no-referrer` a browser would send our own forms with `Origin: null`
        response.headers.setdefault("Referrer-Policy", "same-origin")
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    html = response.content_type == "text/html"
    policy = f"{_PAGE}; form-action 'self'" if request.path.startswith("/console") else _PAGE
    response.headers.setdefault("Content-Security-Policy", policy if html else _PLAIN)
    if request.path.startswith(("/console", "/tmf-api/")):
        response.headers.setdefault("Cache-Control", "no-store")
