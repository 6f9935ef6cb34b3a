"""Payments a bank disputes: which have to be answered, until when, and how earlier ones went."""

from datetime import timedelta

from aiohttp import web

from core.overview.chargebacks import chargebacks
from gateway.admin.auth import WHO
from gateway.admin.console.section import Entry, Group, Section
from gateway.admin.console.shared import show
from gateway.admin.described import described
from gateway.app_keys import APP

SOON = timedelta(days=3)


@described("payment.right", summary="Payments a bank disputes")
async def page(request: web.Request) -> web.Response:
    """GET /console/chargebacks."""
    app, branch = request.app[APP], request[WHO].branch
    async with app.db.reading() as conn:
        waiting = await chargebacks(conn, branch_code=branch)
        decided = await chargebacks(conn, waiting=False, branch_code=branch, limit=50)
    soon = app.clock.now() + SOON
    return show(request, "console_chargebacks.html", waiting=waiting, decided=decided, soon=soon)


SECTION = Section("/console/chargebacks", page, Entry(Group.MONEY, 60, "Disputed"))
