"""What waits for a second person, with all that will be done; the decision names the seal of what was seen."""

from aiohttp import web

from core.access.authority import now
from core.approvals import decide as approvals
from core.errors import Refused
from core.journeys import approved
from core.overview.asked import facts
from core.overview.nameable import APPROVAL
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("approval.decide", summary="What waits for another person's agreement")
async def page(request: web.Request) -> web.Response:
    """GET /console/approvals."""
    branch = await branch_of(request)
    async with request.app[APP].db.reading() as conn:
        at = request.app[APP].clock.now()
        decided = await approvals.decided(conn, at, branch_id=branch)
        over = {one.id for one in decided}
        waiting = [one for one in await approvals.waiting(conn, branch_id=branch) if one.id not in over]
        about = await facts(conn, [*waiting, *decided], speaks())
    return show(request, "console_approvals.html", waiting=waiting, decided=decided, about=about, me=request[WHO].actor)


@described("approval.decide", summary="Agree or refuse", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/approvals/{id}: `seal`, `do` = yes or no, `note`."""
    text, app, who = await form(request), request.app[APP], request[WHO]
    async with app.db.writing() as conn:
        match = await theirs(conn, app, who, APPROVAL, request.match_info["id"])
        if not (await now(conn, app, who)).may("approval.decide"):
            raise Refused("access.gone", status=403)
        await approved.decide(
            conn,
            app,
            match.id,
            checker=who.actor,
            seen=text.get("seal", ""),
            yes=text.get("do") == "yes",
            note=text.get("note", ""),
        )
    raise back("/console/approvals")


SECTION = Section(
    "/console/approvals",
    page,
    Entry(Group.WORK, 10, "Approvals"),
    actions=(Action("/{id}", change, {"agree": "yes", "refuse": "no"}),),
)
