"""The money page: a day matched three ways, its differences to be explained, the day closed; and what is owed, with its definitions."""

from datetime import timedelta

from aiohttp import web

from core.overview.branch_day import branch_days
from core.overview.day import day
from core.overview.nameable import DIFFERENCE
from core.overview.owed import owed
from core.overview.theirs import theirs
from core.payments.reconcile import close, explain, general_ledger, queries, run
from core.payments.reconcile.model import KINDS, TO_DO
from gateway.admin.auth import WHO
from gateway.admin.console.plot import cash_plot
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import a_day, back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described(
    "money.see", summary="A day matched three ways, and what is owed", query=(("on", "the day; yesterday unless said"),)
)
async def page(request: web.Request) -> web.Response:
    """GET /console/money."""
    app = request.app[APP]
    on = a_day(request.query.get("on", ""), app.today() - timedelta(days=1))
    branch_id, code = await branch_of(request), request[WHO].branch
    async with app.db.reading() as conn:
        values = {
            "channels": await close.channels(conn, on, branch_code=code),
            "branches": await branch_days(conn, on, app.currency, branch_id=branch_id),
            "found": await queries.of_day(conn, on, branch_id=branch_id),
            "closed": await close.closed(conn, on),
            "earlier": await queries.before(conn, on, branch_id=branch_id),
            "owed": await owed(conn, app.today(), app.currency, branch_id=branch_id),
            "suspense": await queries.suspense_by_age(conn, app.today()) if code is None else None,
            "month": await day(conn, app, on, branch_code=code),
        }
    step = timedelta(days=1)
    return show(
        request,
        "console_money.html",
        on=on,
        before=on - step,
        after=on + step,
        today=app.today(),
        kinds=KINDS,
        to_do=TO_DO,
        currency=app.currency,
        plot=cash_plot(values["month"].month, on, app.currency),
        **values,
    )


@described("money.close", whole=True, summary="Match a day again, or close it", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/money: `on`, and `do` = match or close."""
    text, app = await form(request), request.app[APP]
    on = a_day(text.get("on", ""), app.today())
    async with app.db.writing() as conn:
        await run.run(conn, app, on)
        if text.get("do") == "close":
            await close.close(conn, app, on, actor=request[WHO].actor)
    raise back(f"/console/money?on={on}")


@described("money.close", summary="Explain a difference", status=303)
async def explained(request: web.Request) -> web.Response:
    """POST /console/money/differences/{id}: `note`, `on`."""
    told, app = await form(request), request.app[APP]
    async with app.db.writing() as conn:
        named = await theirs(conn, app, request[WHO], DIFFERENCE, request.match_info["id"])
        await explain.explain(conn, app, named.id, note=told.get("note", ""), actor=request[WHO].actor)
    raise back(f"/console/money?on={a_day(told.get('on', ''), app.today())}")


@described(
    "money.close",
    whole=True,
    summary="The summary of a day for the finance system, as CSV",
    query=(("on", "the day"),),
)
async def summary(request: web.Request) -> web.Response:
    """GET /console/money/summary.csv: numbered when it is first asked for, the same ever after."""
    app = request.app[APP]
    on = a_day(request.query.get("on", ""), app.today() - timedelta(days=1))
    async with app.db.writing() as conn:
        result = await general_ledger.summarise(conn, app, on)
    name = f"attachment; filename=summary-{on}.csv"
    return web.Response(
        text=general_ledger.as_csv(result), content_type="text/csv", headers={"Content-Disposition": name}
    )


SECTION = Section(
    "/console/money",
    page,
    Entry(Group.MONEY, 20, "Money"),
    {"/summary.csv": summary},
    (Action("", change, {"match": "match", "close": "close"}), Action("/differences/{id}", explained)),
)
