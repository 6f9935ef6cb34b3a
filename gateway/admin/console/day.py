"""The day page: bills, payments and messages of a day, and its month as a plot of cash expected and cash come."""

from datetime import timedelta

from aiohttp import web

from core.audit import alarms
from core.billing.run import parked
from core.clock import start_of
from core.overview import dead_letters
from core.overview.day import day
from core.rewards import airtime
from gateway.admin.auth import WHO
from gateway.admin.console.plot import cash_plot
from gateway.admin.console.section import Entry, Group, Section
from gateway.admin.console.shared import a_day, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("day.see", summary="One day on one page", query=(("on", "the day, as 2026-03-31; today unless said"),))
async def page(request: web.Request) -> web.Response:
    """GET /console/day."""
    app = request.app[APP]
    on = a_day(request.query.get("on", ""), app.today())
    async with app.db.reading() as conn:
        match = await day(conn, app, on, branch_code=request[WHO].branch)
        waiting = await dead_letters.waiting(conn)
        orders = await airtime.unknown(conn)
        unbilled = await parked.together(conn, app, branch_code=request[WHO].branch)
        begins, ends = (start_of(on + timedelta(days=after), app.zone) for after in (0, 1))
        text = [] if request[WHO].branch else await alarms.between(conn, begins, ends)
    step = timedelta(days=1)
    return show(
        request,
        "console_day.html",
        d=match,
        waiting=waiting,
        unbilled=unbilled,
        orders=orders,
        currency=app.currency,
        today=app.today(),
        alarms=text,
        before=on - step,
        after=on + step,
        plot=cash_plot(match.month, on, app.currency),
    )


SECTION = Section("/console/day", page, Entry(Group.MONEY, 10, "The day"))
