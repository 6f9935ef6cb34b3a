"""Airtime orders without an answer: a clerk asks the provider, and says whether it arrived; if not, the points return."""

from aiohttp import web

from core.overview.airtime_orders import unknown_order, unknown_orders
from core.overview.nameable import AIRTIME_ORDER
from core.overview.theirs import theirs
from core.rewards import airtime
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/airtime"


@described("airtime.decide", summary="Airtime orders without an answer")
async def page(request: web.Request) -> web.Response:
    """GET /console/airtime."""
    async with request.app[APP].db.reading() as conn:
        rows = await unknown_orders(conn, branch_code=request[WHO].branch)
    done = {"arrived": "Noted: it arrived.", "failed": "Noted: the points are back, and the customer is told."}
    return show(request, "console_airtime.html", rows=rows, said=done.get(request.query.get("done", ""), ""))


@described("airtime.decide", summary="Say whether airtime arrived", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/airtime/{id}: `do` is arrived or failed."""
    app, who, text = request.app[APP], request[WHO], await form(request)
    async with app.db.writing() as conn:
        named = await theirs(conn, app, who, AIRTIME_ORDER, request.match_info["id"])
        order = await unknown_order(conn, named.id)
        do = text.get("do")
        if do not in ("arrived", "failed") or text.get("sure") != "yes":
            raise web.HTTPBadRequest(text="Say whether it arrived, and that the provider told you so.")
        await airtime.decided(conn, app, order.id, arrived=do == "arrived", actor=who.actor)
    raise back(f"{PATH}?done={do}")


SECTION = Section(
    PATH,
    page,
    Entry(Group.MONEY, 80, "Airtime"),
    actions=(Action("/{id}", decide, {"arrived": "arrived", "failed": "failed"}),),
)
