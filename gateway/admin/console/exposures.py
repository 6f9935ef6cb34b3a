"""Credit limits: who has used most of theirs, what that is made of, and whose lines are restricted because of it."""

from aiohttp import web

from core.overview.exposures import ORDERS, highest, sums
from gateway.admin.auth import WHO
from gateway.admin.console.section import Section
from gateway.admin.console.shared import show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("collections.see", summary="The highest exposures", query=(("by", "amount or share of the limit"),))
async def page(request: web.Request) -> web.Response:
    """GET /console/exposures."""
    app, branch = request.app[APP], request[WHO].branch
    by = request.query.get("by", "amount")
    by = by if by in ORDERS else "amount"
    policy = app.operator.collections.credit_limit
    async with app.db.reading() as conn:
        rows = await highest(conn, by=by, branch_code=branch)
        total = await sums(conn, warn_percent=policy.warn_percent, branch_code=branch)
    return show(
        request,
        "console_exposures.html",
        rows=rows,
        total=total,
        by=by,
        orders=list(ORDERS),
        policy=policy,
        currency=app.currency,
    )


SECTION = Section("/console/exposures", page, under="/console/collections")
