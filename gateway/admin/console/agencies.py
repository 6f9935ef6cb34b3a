"""Collection agencies: what is with whom, what came of it and their commission, the files they are sent, and handing over."""

from datetime import date

from aiohttp import web

from core.collections import agency
from core.context import App
from core.errors import Refused
from core.journeys.dunning import agency as agency_placed
from core.overview import agencies as found
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Section
from gateway.admin.console.shared import a_day, back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

SPAN = (("from", "a day; the first of this month unless said"), ("to", "a day; today unless said"))


@described("collections.see", summary="Collection agencies", query=SPAN)
async def page(request: web.Request) -> web.Response:
    """GET /console/agencies."""
    return await _page(request, "")


async def _page(request: web.Request, wrong: str, status: int = 200) -> web.Response:
    app, branch = request.app[APP], request[WHO].branch
    span = _span(request, app)
    async with app.db.reading() as conn:
        now = {row.agency: row for row in await found.standing(conn, branch_code=branch)}
        came = await found.came(conn, app, *span, branch_code=branch)
    names = {code: one.name for code, one in app.operator.collections.agencies.items()}
    rows = [
        (
            code,
            names.get(code, code),
            now.get(code),
            sum(one.minor for one in came if one.agency == code),
            sum(one.commission_minor for one in came if one.agency == code),
        )
        for code in sorted({*names, *now, *(one.agency for one in came)})
    ]
    return show(
        request,
        "console_agencies.html",
        status=status,
        rows=rows,
        set_up=names,
        span=span,
        files=list(found.FILES),
        wrong=wrong,
        currency=app.currency,
    )


def _span(request: web.Request, app: App) -> tuple[date, date]:
    today = app.today()
    return a_day(request.query.get("from", ""), today.replace(day=1)), a_day(request.query.get("to", ""), today)


@described("collections.work", summary="Place what the ladder did not bring with an agency", status=303)
async def place(request: web.Request) -> web.Response:
    """POST /console/agencies: `agency`."""
    text, who = await form(request), request[WHO]
    try:
        code = text.get("agency", "")
        await agency_placed.place(request.app[APP], code, actor=who.actor, branch_code=who.branch)
    except Refused as why:
        return await _page(request, why.sentence(speaks()), why.status)
    raise back("/console/agencies")


@described("collections.work", summary="A file for an agency, as CSV", query=SPAN)
async def file(request: web.Request) -> web.Response:
    """GET /console/agencies/{agency}/{file}.csv: placed, recalled or collected."""
    app, code, name = request.app[APP], request.match_info["agency"], request.match_info["file"]
    span = _span(request, app)
    if name not in found.FILES:
        raise web.HTTPNotFound(text="There is no such file.")
    try:
        agency.known(app, code)
    except Refused as why:
        raise web.HTTPNotFound(text=why.sentence(speaks())) from None
    async with app.db.reading() as conn:
        lines = await found.FILES[name](conn, app, code, *span, request[WHO].branch)
    answer = f"attachment; filename={code}-{name}-{span[0]}-{span[1]}.csv"
    return web.Response(text=found.as_csv(lines), content_type="text/csv", headers={"Content-Disposition": answer})


SECTION = Section(
    "/console/agencies",
    page,
    details={"/{agency}/{file}.csv": file},
    actions=(Action("", place),),
    under="/console/collections",
)
