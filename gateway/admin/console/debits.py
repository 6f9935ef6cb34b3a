"""Files of direct debits for our bank: made once, downloaded by a clerk, never made again."""

from aiohttp import web

from core.overview.nameable import DEBIT_FILE
from core.overview.theirs import theirs
from core.payments.bank import debit_files
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Section
from gateway.admin.console.shared import back, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("mandate.see", whole=True, summary="Files of direct debits")
async def page(request: web.Request) -> web.Response:
    """GET /console/mandates/files."""
    async with request.app[APP].db.reading() as conn:
        files, waiting = await debit_files.listing(conn), await debit_files.waiting(conn)
    currency = request.app[APP].currency
    return show(request, "console_debits.html", files=files, waiting=waiting, currency=currency)


@described("mandate.write", whole=True, summary="Make the next file", status=303)
async def make(request: web.Request) -> web.Response:
    """POST /console/mandates/files."""
    await debit_files.make(request.app[APP], actor=request[WHO].actor)
    raise back("/console/mandates/files")


@described("mandate.write", whole=True, summary="A file of direct debits for the bank (pain.008)")
async def download(request: web.Request) -> web.Response:
    """GET /console/mandates/files/{id}: who took it first is written down."""
    app = request.app[APP]
    async with app.db.writing() as conn:
        named = await theirs(conn, app, request[WHO], DEBIT_FILE, request.match_info["id"])
        body = await debit_files.body(conn, app, named.id, actor=request[WHO].actor)
    name = f"attachment; filename=debits-{named.id}.xml"
    return web.Response(text=body, content_type="application/xml", headers={"Content-Disposition": name})


SECTION = Section(
    "/console/mandates/files", page, details={"/{id}": download}, actions=(Action("", make),), under="/console/mandates"
)
