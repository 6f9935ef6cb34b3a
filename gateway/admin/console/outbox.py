"""Messages that could not leave after all tries, and the button that sends them again."""

from aiohttp import web

from core.overview.dead_letters import dead_letters, send_again
from core.overview.nameable import LETTER
from core.overview.theirs import all_theirs
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("outbox.see", summary="Messages that could not leave")
async def page(request: web.Request) -> web.Response:
    """GET /console/outbox."""
    async with request.app[APP].db.reading() as conn:
        dead = await dead_letters(conn, branch_code=request[WHO].branch)
    again = request.query.get("again", "")
    return show(request, "console_outbox.html", dead=dead, again=again if again.isdigit() else "")


@described("outbox.replay", summary="Send dead messages again", status=303)
async def replay(request: web.Request) -> web.Response:
    """POST /console/outbox: `id`, as many as are ticked."""
    ticked = [str(text) for text in (await request.post()).getall("id", [])][:500]
    app, who = request.app[APP], request[WHO]
    async with app.db.writing() as conn:
        ids = [row.id for row in await all_theirs(conn, app, who, LETTER, ticked)]
        count = await send_again(conn, app, ids, branch_code=who.branch, actor=who.actor)
    raise back(f"/console/outbox?again={count}")


SECTION = Section("/console/outbox", page, Entry(Group.MESSAGES, 30, "Dead letters"), actions=(Action("", replay),))
