"""The bill behind its link: a page, a PDF, and the way to pay it. No login: the token is 128 random bits and opens one bill.

The page is what `core/billing` renders from the one data set of the bill, so it says what the SMS, the PDF and the console say.
Typst takes a moment, so PDFs are made in a thread and a few at a time; nothing here is kept by a cache on the way.
"""

import asyncio

from aiohttp import web

from core.billing.model import Bill
from core.billing.render import html as format_html
from core.billing.render import pdf as format_pdf
from core.journeys import bill_shown
from core.parties import queries as parties
from core.payments import methods
from core.payments import request as requests
from gateway.admin.described import described
from gateway.app_keys import APP
from gateway.pages.page import carried, page_language

_TOKEN = "{token:[A-Za-z0-9_-]{22}}"  # noqa: S105 - a pattern
_PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
}
PDFS_AT_ONCE = 2
PRESS: web.AppKey[asyncio.Semaphore] = web.AppKey("press", asyncio.Semaphore)


@described(summary="A bill as a page", query=(("lang", "a language of the house: the customer's own unless said"),))
async def page(request: web.Request) -> web.Response:
    """GET /b/{token}."""
    found, lang = await _found(request)
    payable = found.open_minor - found.disputed_minor > 0
    if payable:
        async with request.app[APP].db.reading() as conn:
            payable = "card" in await methods.of_account(conn, request.app[APP], found.account_id)
    also = carried(request)
    html = format_html.render(found, lang, pay_url=f"/b/{found.token}/pay{also}" if payable else None, also=also)
    return web.Response(text=html, content_type="text/html", headers={**_PRIVATE, **_POLICY})


@described(summary="A bill as a PDF", query=(("lang", "a language of the house: the customer's own unless said"),))
async def pdf(request: web.Request) -> web.Response:
    """GET /b/{token}.pdf."""
    found, lang = await _found(request)
    async with request.app[PRESS]:
        body = await asyncio.to_thread(format_pdf.render, found, lang)
    name = {"Content-Disposition": f'inline; filename="{found.number}.pdf"'}
    return web.Response(body=body, content_type="application/pdf", headers={**_PRIVATE, **name})


@described(summary="From a bill to its paylink", status=303)
async def pay(request: web.Request) -> web.Response:
    """GET /b/{token}/pay: one paylink a day and bill, so that a second press leads to the same charge."""
    found, _ = await _found(request)
    app = request.app[APP]
    key = f"bill:{found.invoice_id}:{app.today()}"
    async with app.db.writing() as conn:
        link = await requests.paylink(conn, app, found.account_id, invoice_id=found.invoice_id, key=key)
    return web.Response(status=303, headers={"Location": f"/p/{link.token}{carried(request)}", **_PRIVATE})


async def _found(request: web.Request) -> tuple[Bill, str]:
    """The bill and the language to show it in; 404 when the token is nobody's."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        bill = await bill_shown.bill(conn, token=request.match_info["token"], context=app)
        account = await parties.account(conn, bill.account_id) if bill else None
    if bill is None:
        raise web.HTTPNotFound(text="There is no such bill. Look at the link once more: it may be cut off.")
    return bill, page_language(request, account.language if account else "")


def routes() -> list[web.RouteDef]:
    """`/b/{token}`, `/b/{token}.pdf`, `/b/{token}/pay`."""
    return [
        web.get(f"/b/{_TOKEN}", page),
        web.get(f"/b/{_TOKEN}.pdf", pdf),
        web.get(f"/b/{_TOKEN}/pay", pay, allow_head=False),
    ]


def setup(app: web.Application) -> None:
    """The press for PDFs."""
    app[PRESS] = asyncio.Semaphore(PDFS_AT_ONCE)
