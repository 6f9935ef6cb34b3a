"""What a form of the console may expect, whichever page it stands on: one that is refused stays where it is, with the word at the field
and what was typed; one that cannot be undone is asked about first (`confirm.py`); one that was done is told of on the next page (`flash.py`).

One middleware, behind the guard: no page has to know of it.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from core.errors import Refused
from gateway.admin.auth import CONSOLE, CSRF, WHO, permit
from gateway.admin.console import confirm, flash
from gateway.admin.console.language import speaks
from gateway.admin.console.section import verb_of
from gateway.admin.console.shared import Unfit, form, show
from gateway.admin.described import Handler
from gateway.admin.edge import UNREAD
from gateway.pages.refill import Wrong, refilled
from gateway.pages.tongue import told as told_of

STAYS = (400, 404, 409, 422)
"""Refusals that a person can put right where they stand."""
FIELDS = {
    "account": "account", "payments.account": "account", "money.": "amount", "payments.minimum": "amount", "desk.too_much": "amount",
    "desk.float": "amount", "desk.not_so_much": "amount", "payments.refund.too_much": "amount", "desk.slip": "slip", "phone.": "phone",
    "parties.phone": "phone", "payments.iban": "iban", "desk.void.reason": "reason",
}  # fmt: skip
"""Which field a refusal is about, by the beginning of its key."""


@web.middleware
async def stay(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a form through, ask about it, or put it back with what is wrong."""
    if not (request.path == CONSOLE or request.path.startswith(CONSOLE + "/")):
        return await handler(request)
    if request.method != "POST" or WHO not in request:
        return await handler(request)
    told = await form(request)
    try:
        question = await confirm.question(request, told)
        if question is not None:
            return show(request, "console_sure.html", q=question, told=told, leave=page_before(request))
        return await handler(request)
    except web.HTTPSeeOther as there:
        return flash.tell(request, told, there)
    except (Refused, web.HTTPBadRequest, web.HTTPNotFound, web.HTTPConflict) as why:
        answer = await _as_it_was(request, told, why)
        if answer is None:
            raise
        return answer


async def _as_it_was(request: web.Request, told: Mapping[str, str], why: Exception) -> web.Response | None:
    """The page the form stood on, with the form as it was sent; None where there is no such page any more."""
    status = why.status if isinstance(why, Refused | web.HTTPException) else 500
    if status not in STAYS or "application/json" in request.headers.get("Accept", ""):
        return None
    for place in places(request):
        page = await _page(request, place)
        if page is not None and page.text is not None:
            text = refilled(page.text, _form_path(request), told, _wrong(why))
            return web.Response(text=text, status=status, content_type="text/html")
    return None


def _form_path(request: web.Request) -> str:
    """Where the page's own form goes: a verb's route stands below it."""
    return request.path.rpartition("/")[0] if verb_of(request.match_info.handler) else request.path


def _wrong(why: Exception) -> Wrong:
    if isinstance(why, Refused):
        about = "account" if why.code == "theirs.none" and why.params.get("what") == "account" else None
        about = about or next((field for key, field in FIELDS.items() if why.code.startswith(key)), None)
        return Wrong(why.sentence(speaks()), about)
    words = (why.text or why.reason) if isinstance(why, web.HTTPException) else ""
    return Wrong(told_of(words.removeprefix("400: "), speaks()), None, why.typed if isinstance(why, Unfit) else None)


def page_before(request: web.Request) -> str:
    """The page of the console this form was sent from."""
    return str(places(request)[0])


def places(request: web.Request) -> list[URL]:
    """Where the form can have stood: the page the browser names, else this address or what is above it."""
    rows = []
    try:
        sent = urlsplit(request.headers.get("Referer", ""))
        if sent.netloc == request.host and (sent.path == CONSOLE or sent.path.startswith(CONSOLE + "/")):
            rows.append(URL(sent.path).with_query(sent.query))
    except ValueError:
        pass
    parts = request.path.split("/")
    rows += [URL("/".join(parts[:length])) for length in range(len(parts), 1, -1)]
    return rows


async def _page(request: web.Request, place: URL) -> web.Response | None:
    """That page as this person may see it now; None when they may not, or there is none."""
    again = request[UNREAD].clone(rel_url=place)
    again[WHO], again[CSRF] = request[WHO], request[CSRF]
    match = await request.app.router.resolve(again)
    if match.http_exception is not None:
        return None
    match.add_app(request.app)
    again._match_info = match
    try:
        permit(again, request[WHO])
        answer = await match.handler(again)
    except (Refused, web.HTTPException):
        return None
    return answer if isinstance(answer, web.Response) and answer.content_type == "text/html" else None
