"""Two contacts whose numbers are spellings of one: somebody who knows the customers says whether they are one person."""

from aiohttp import web

from core.errors import Refused
from core.overview.nameable import CONTACT
from core.overview.theirs import their_branch, theirs
from core.parties import spellings
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/spellings"


@described("customer.phone", summary="Contacts that may be one person")
async def page(request: web.Request) -> web.Response:
    """GET /console/spellings."""
    branch = await branch_of(request)
    async with request.app[APP].db.reading() as conn:
        pairs = await spellings.pairs(conn, branch)
    return show(request, "console_spellings.html", pairs=pairs, most=spellings.MOST_SHOWN)


@described("customer.phone", summary="Say whether two contacts are one person", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/spellings/{one}/{other}: `do` is `apart`, or the id of the one that stays."""
    text, app, who = await form(request), request.app[APP], request[WHO]
    do = text.get("do", "")
    async with app.db.writing() as conn:
        one = (await theirs(conn, app, who, CONTACT, request.match_info["one"])).id
        other = (await theirs(conn, app, who, CONTACT, request.match_info["other"])).id
        branch = await their_branch(conn, app, who)
        if not do:
            raise web.HTTPBadRequest(text="Say which number stays, or that they are two people.")
        if do == "apart":
            await spellings.leave_apart(conn, app, one, other, actor=who.actor, branch_id=branch)
        else:
            keep = (await theirs(conn, app, who, CONTACT, do)).id
            if keep not in (one, other):
                raise Refused("desk.no_pair", status=404)
            gone = other if keep == one else one
            await spellings.join(conn, app, keep, gone, actor=who.actor, branch_id=branch)
    raise back(PATH)


SECTION = Section(
    PATH,
    page,
    Entry(Group.CUSTOMERS, 40, "Same number?"),
    actions=(Action("/{one}/{other}", decide, {"apart": "apart"}),),
)
