"""The page of an invitation to have every bill collected, `/d/{token}`: one button that leads to the provider's page.

It says nobody's name and nobody's debt. A look at it (a chat's preview makes one) begins nothing: only the button does.
"""

import re

from aiohttp import web

from core.errors import Refused
from core.payments import doors as payment_doors
from core.payments import mandate_pages
from core.payments.mandate_pages import Invitation
from core.text import say
from gateway.app_keys import APP
from gateway.pages.page import carried, page_language, render

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


async def _invited(request: web.Request) -> Invitation | web.Response:
    """The invitation while it stands, else the page that says why it does not."""
    app, token = request.app[APP], request.match_info["token"]
    found = None
    if _TOKEN.fullmatch(token):
        async with app.db.reading() as conn:
            found = await mandate_pages.invitation(conn, app, token)
    if found is None:
        return _over(request, 404, page_language(request), "payments.link.unknown")
    lang = page_language(request, found.language)
    if found.state == "given":
        return _over(request, 200, lang, "me.mandate.active", bank=found.masked)
    if found.state != "open":
        return _over(request, 410, lang, f"payments.link.{found.state}")
    return found


async def _show(request: web.Request) -> web.Response:
    """What they would agree to."""
    match = await _invited(request)
    if isinstance(match, web.Response):
        return match
    lang = page_language(request, match.language)
    answer = render(request, "mandate.html", lang=lang, action=request.path + carried(request))
    answer.headers.update(_PRIVATE)
    return answer


async def _agree(request: web.Request) -> web.Response:
    """Off to the provider's page."""
    match = await _invited(request)
    if isinstance(match, web.Response):
        return match
    try:
        url = await payment_doors.mandate_page(request.app[APP], match.account_id, actor="customer:link")
    except Refused as why:
        return _over(request, why.status, page_language(request, match.language), why.code)
    return web.Response(status=303, headers={"Location": url, **_PRIVATE})


def _over(request: web.Request, status: int, language: str, key: str, **params: str) -> web.Response:
    answer = render(request, "paylink_over.html", status=status, lang=language, words=say(language, key, **params))
    answer.headers.update(_PRIVATE)
    return answer


def routes() -> list[web.AbstractRouteDef]:
    """`GET` and `POST /d/{token}`."""
    return [web.get("/d/{token}", _show), web.post("/d/{token}", _agree)]
