"""Outages: what is out and where, since when and until when; begun, expected and ended by a clerk, told to everybody who reported it."""

from aiohttp import web

from core.care import outages
from core.errors import Refused
from core.onboarding.customers import COMMODITIES
from core.overview.nameable import OUTAGE
from core.overview.theirs import their_branch, theirs
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import an_instant, back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/outages"


@described("outage.see", summary="Outages")
async def page(request: web.Request) -> web.Response:
    """GET /console/outages."""
    return await _page(request)


async def _page(request: web.Request, wrong: str = "", status: int = 200) -> web.Response:
    branch = await branch_of(request)
    told = await form(request) if request.method == "POST" else {}
    async with request.app[APP].db.reading() as conn:
        areas = await outages.areas(conn, branch)
        mine = {area.lower() for area in areas}
        running, over = await outages.running(conn), await outages.latest(conn)
        if branch is not None:
            running, over = ([one for one in some if one.area.lower() in mine] for some in (running, over))
        tickets = await outages.reported(conn, [one.id for one in running])
    return show(
        request,
        "console_outages.html",
        status=status,
        running=running,
        over=over,
        tickets=tickets,
        areas=areas,
        commodities=COMMODITIES,
        wrong=wrong,
        told=told,
    )


@described("outage.write", summary="Say that an outage began", status=303)
async def begin(request: web.Request) -> web.Response:
    """POST /console/outages: `commodity`, `area`, `cause`, `until`."""
    app, text = request.app[APP], await form(request)
    try:
        if text.get("commodity") not in COMMODITIES or not text.get("area") or not text.get("cause"):
            raise Refused("outage.blank", status=400)
        until = an_instant(text.get("until", ""), app.zone)
        async with app.db.writing() as conn:
            await outages.may_say(conn, text["area"], await their_branch(conn, app, request[WHO]))
            await outages.begin(
                conn,
                app,
                commodity=text["commodity"],
                area=text["area"][:80],
                cause=text["cause"][:300],
                actor=request[WHO].actor,
                expected_until=until,
            )
    except Refused as why:
        return await _page(request, why.sentence(speaks()), why.status)
    raise back(PATH)


@described("outage.write", summary="Say how long an outage will last, or that it is over", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/outages/{id}: `do` is expect (`until`; blank: nobody knows) or end (`sure`)."""
    app, who, text = request.app[APP], request[WHO], await form(request)
    outage_id = 0
    try:
        async with app.db.writing() as conn:
            match = await theirs(conn, app, who, OUTAGE, request.match_info["id"])
            outage_id = match.id
            await outages.may_say(conn, match.area, await their_branch(conn, app, who))
            match text.get("do"):
                case "expect":
                    until = an_instant(text.get("until", ""), app.zone)
                    await outages.expect(conn, app, outage_id, until, who.actor)
                case "end":
                    if text.get("sure") != "yes":
                        raise Refused("outage.sure")
                    await outages.end(conn, app, outage_id, who.actor)
                case _:
                    raise web.HTTPBadRequest(text="Choose what is to be said.")
    except Refused as why:
        if not outage_id:
            raise
        return await _page(request, why.sentence(speaks()), why.status)
    raise back(PATH)


SECTION = Section(
    PATH,
    page,
    Entry(Group.CUSTOMERS, 50, "Outages"),
    actions=(Action("", begin), Action("/{id}", change, {"expect": "expect", "end": "end"})),
)
