"""Two contacts whose numbers are spellings of one: somebody who knows the customers says whether they are one person."""

from aiohttp import web

from core.parties import spellings
from gateway.admin.auth import WHO
from gateway.admin.console.desk import back, branch_of, form, number, show
from gateway.admin.described import described
from gateway.desk import HOUSE

PATH = "/console/spellings"


@described("customer.phone", summary="Contacts that may be one person")
async def page(request: web.Request) -> web.Response:
    """GET /console/spellings."""
    branch = await branch_of(request)
    async with request.app[HOUSE].db.reading() as conn:
        pairs = await spellings.pairs(conn, branch)
    return show(request, "console_spellings.html", pairs=pairs, most=spellings.MOST_SHOWN)


@described("customer.phone", summary="Say whether two contacts are one person", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/spellings/{one}/{other}: `do` is `apart`, or the id of the one that stays."""
    told, house, branch = await form(request), request.app[HOUSE], await branch_of(request)
    one, other = number(request.match_info["one"]), number(request.match_info["other"])
    stays = told.get("do", "")
    if stays not in ("apart", str(one), str(other)):
        raise web.HTTPBadRequest(text="Say which number stays, or that they are two people.")
    actor = request[WHO].actor
    async with house.db.writing() as conn:
        if stays == "apart":
            await spellings.leave_apart(conn, house, one, other, actor=actor, branch_id=branch)
        else:
            keep, gone = (one, other) if stays == str(one) else (other, one)
            await spellings.join(conn, house, keep, gone, actor=actor, branch_id=branch)
    raise back(PATH)


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get(PATH, page), web.post(PATH + "/{one}/{other}", decide)]
