"""Mandates: who has given one, what comes next under it, taken by a clerk and ended; and how first tries go with and without reminders."""

from datetime import timedelta

from aiohttp import web

from core.approvals import decide as approvals
from core.journeys import asked_first
from core.overview.mandates import mandates as listed
from core.overview.nameable import MANDATE
from core.overview.theirs import their_account, theirs
from core.payments import cards, first_attempt_rate, mandates
from core.payments.providers import can
from gateway.admin.auth import WHO
from gateway.admin.console.plot_tries import tries_plot
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

STATES = ("active", "pending", "failed", "cancelled", "expired")


@described("mandate.see", summary="Mandates and how first tries go", query=(("state", "only these"),))
async def page(request: web.Request) -> web.Response:
    """GET /console/mandates."""
    app, state = request.app[APP], request.query.get("state", "")
    today = app.today()
    async with app.db.reading() as conn:
        rows = await listed(conn, state=state if state in STATES else "", branch_code=request[WHO].branch)
        span, branch_id = (today - timedelta(days=89), today + timedelta(days=1)), await branch_of(request)
        tries = await first_attempt_rate.first_tries(conn, app, *span, branch_id=branch_id)
        waits = [one for one in await approvals.waiting(conn, branch_id=branch_id) if one.kind == "mandate"]
        days = await first_attempt_rate.by_day(conn, app, span[1] - timedelta(days=30), span[1], branch_id=branch_id)
    provider = app.operator.payments.mandates
    return show(
        request,
        "console_mandates.html",
        rows=rows,
        tries=tries,
        plot=tries_plot(days) if any(one.tries for one in days) else None,
        states=STATES,
        state=state,
        by_file=provider == "sepa",
        has_page=can(app, provider, "mandate"),
        waits=waits,
    )


@described("mandate.write", summary="Take a signed mandate", status=303)
async def take(request: web.Request) -> web.Response:
    """POST /console/mandates: `account`, `holder`, `iban`, `bic`: signed on paper; another person agrees before it is active."""
    text, app, actor = await form(request), request.app[APP], request[WHO].actor
    bank = mandates.Bank(text.get("holder", ""), text.get("iban", ""), text.get("bic") or None)
    async with app.db.writing() as conn:
        account = await their_account(conn, app, request[WHO], text.get("account", ""))
        await asked_first.take_mandate(conn, app, account.id, bank, actor=actor)
    raise back("/console/mandates")


@described("mandate.write", summary="End a mandate", status=303)
async def end(request: web.Request) -> web.Response:
    """POST /console/mandates/{reference}/end."""
    app = request.app[APP]
    async with app.db.writing() as conn:
        match = await theirs(conn, app, request[WHO], MANDATE, request.match_info["reference"], by="reference")
        await cards.end(conn, app, match.reference, actor=request[WHO].actor)
    raise back("/console/mandates")


SECTION = Section(
    "/console/mandates",
    page,
    Entry(Group.MONEY, 40, "Direct debits"),
    actions=(Action("", take), Action("/{reference}/end", end)),
)
