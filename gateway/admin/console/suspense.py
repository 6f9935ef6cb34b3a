"""Money nobody could place: what the payer typed, how old it is, and whose a clerk says it is.

It is no branch's yet, so each branch sees it; each may place it on accounts of its own alone.
"""

from aiohttp import web

from core.journeys import money_received
from core.overview.nameable import SUSPENSE
from core.overview.theirs import their_account, theirs
from core.payments import suspense
from core.payments.reconcile import queries
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("suspense.place", summary="Money in suspense")
async def page(request: web.Request) -> web.Response:
    """GET /console/suspense."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        rows, ages = await suspense.waiting(conn), await queries.suspense_by_age(conn, app.today())
    return show(request, "console_suspense.html", rows=rows, ages=ages, currency=app.currency, today=app.today())


@described("suspense.place", summary="Say whose money it is", status=303)
async def place(request: web.Request) -> web.Response:
    """POST /console/suspense/{id}: `account`."""
    text, app = await form(request), request.app[APP]
    async with app.db.writing() as conn:
        waits = await theirs(conn, app, request[WHO], SUSPENSE, request.match_info["id"])
        to = await their_account(conn, app, request[WHO], text.get("account", ""))
        await money_received.placed(conn, app, waits.id, to.number, request[WHO].actor)
    raise back("/console/suspense")


SECTION = Section("/console/suspense", page, Entry(Group.MONEY, 50, "Suspense"), actions=(Action("/{id}", place),))
