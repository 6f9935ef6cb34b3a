"""The paylink page, `/p/{token}`: how much and by when, and one button that leads to the provider's page. Small, no script, no login.

Nothing on it says whose debt it is: the token may do one thing only, pay. A link that is over says so kindly (410), an unknown one
too (404); a button pressed in two tabs leads to one checkout.
"""

import re

from aiohttp import web
from babel.dates import format_date

from core import money
from core.errors import Refused
from core.payments import doors as payment_doors
from core.payments import request as requests
from core.payments.model import LinkView
from core.text import say
from gateway.app_keys import APP
from gateway.pages.page import carried, page_language, render

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


async def _view(request: web.Request) -> LinkView | None:
    app, token = request.app[APP], request.match_info["token"]
    if not _TOKEN.fullmatch(token):
        return None
    async with app.db.reading() as conn:
        return await requests.link(conn, app, token)


async def _show(request: web.Request) -> web.Response:
    """How much is open now; back from the provider's page, what became of it."""
    back, sorry = "back" in request.query, None
    if back and await _view(request):
        sorry = await payment_doors.back(request.app[APP], request.match_info["token"])
    view = await _view(request)
    if view is None:
        return _over(request, Refused("payments.link.unknown", status=404), page_language(request))
    lang = page_language(request, view.language)
    if view.state != "open":
        over = Refused(f"payments.link.{view.state}", status=200 if back and view.state == "paid" else 410)
        return _over(request, over, lang)
    answer = render(
        request,
        "paylink.html",
        lang=lang,
        action=request.path + carried(request),
        amount=money.show(view.amount_minor, view.currency, lang),
        due=format_date(view.due_on, "d MMMM y", locale=lang) if view.due_on else None,
        sorry=_sorry(lang, sorry),
    )
    answer.headers.update(_PRIVATE)
    return answer


def _sorry(language: str, reason: str | None) -> str | None:
    if reason is None:
        return None
    return say(language, "payments.page.failed", reason=say(language, f"payments.reason.{reason}"))


async def _pay(request: web.Request) -> web.Response:
    """Off to the provider's page."""
    view = await _view(request)
    if view is None:
        return _over(request, Refused("payments.link.unknown", status=404), page_language(request))
    try:
        url = await payment_doors.page(request.app[APP], request.match_info["token"])
    except Refused as why:
        return _over(request, why, page_language(request, view.language))
    return web.Response(status=303, headers={"Location": url, **_PRIVATE})


def _over(request: web.Request, why: Refused, language: str) -> web.Response:
    answer = render(request, "paylink_over.html", status=why.status, lang=language, words=say(language, why.code))
    answer.headers.update(_PRIVATE)
    return answer


def routes() -> list[web.AbstractRouteDef]:
    """`GET` and `POST /p/{token}`."""
    return [web.get("/p/{token}", _show), web.post("/p/{token}", _pay)]
