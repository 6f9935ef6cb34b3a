"""What waits for a second person, with all that will be done; the decision names the seal of what was seen."""

from aiohttp import web

from core.approvals import decide as approvals
from core.journeys import approved
from gateway.admin.auth import WHO
from gateway.admin.console.desk import back, branch_of, form, number, show
from gateway.admin.described import described
from gateway.desk import HOUSE


@described("approval.decide", summary="What waits for another person's agreement")
async def page(request: web.Request) -> web.Response:
    """GET /console/approvals."""
    branch = await branch_of(request)
    async with request.app[HOUSE].db.reading() as conn:
        waiting = await approvals.waiting(conn, branch_id=branch)
    return show(request, "console_approvals.html", waiting=waiting, me=request[WHO].actor)


@described("approval.decide", summary="Agree or refuse", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/approvals/{id}: `seal`, `do` = yes or no, `note`."""
    told, house, branch = await form(request), request.app[HOUSE], await branch_of(request)
    approval_id = number(request.match_info["id"])
    async with house.db.writing() as conn:
        if branch is not None and approval_id not in {
            one.id for one in await approvals.waiting(conn, branch_id=branch)
        }:
            raise web.HTTPNotFound(text="There is no such request.")
        await approved.decide(
            conn, house, approval_id, checker=request[WHO].actor, seen=told.get("seal", ""),
            yes=told.get("do") == "yes", note=told.get("note", ""),
        )  # fmt: skip
    raise back("/console/approvals")


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get("/console/approvals", page), web.post("/console/approvals/{id}", change)]
