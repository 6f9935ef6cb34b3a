"""What messages cost: by channel and category, between two days."""

from aiohttp import web

from core.overview import message_costs
from gateway.admin.auth import WHO
from gateway.admin.console.section import Entry, Group, Section
from gateway.admin.console.shared import a_day, show
from gateway.admin.described import described
from gateway.app_keys import APP

SPAN = (("from", "a day; the first of this month unless said"), ("to", "a day; today unless said"))


@described("cost.see", summary="What messages cost", query=SPAN)
async def page(request: web.Request) -> web.Response:
    """GET /console/costs."""
    app = request.app[APP]
    today = app.today()
    first, last = a_day(request.query.get("from", ""), today.replace(day=1)), a_day(request.query.get("to", ""), today)
    async with app.db.reading() as conn:
        match = await message_costs.costs(conn, app, first, last, branch_code=request[WHO].branch)
    return show(
        request,
        "console_costs.html",
        rows=match,
        first=first,
        last=last,
        together=message_costs.together(match),
        prices=app.operator.notices.prices,
    )


SECTION = Section("/console/costs", page, Entry(Group.MESSAGES, 40, "Message costs"))
