"""Find a customer by anything they can name, and see the whole of them on one page. Every look is audited."""

from aiohttp import web

from core.approvals import decide as approvals
from core.audit import trail
from core.balances.words import called, shown
from core.collections import queries
from core.journeys import asked_first
from core.overview.customer import CustomerOverview, customer
from core.overview.listing import ListRequest
from core.overview.nameable import ACCOUNT, LINK
from core.overview.theirs import theirs
from core.parties import link
from core.parties import queries as parties
from core.phone import parse
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import an_instant, back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

LONGEST = 100


@described(
    "customer.see", summary="Search a customer", query=(("q", "account, name, phone, meter, invoice, ticket, receipt"),)
)
async def search(request: web.Request) -> web.StreamResponse:
    """GET /console: one hit opens at once, several are listed."""
    app = request.app[APP]
    question = request.query.get("q", "").strip()[:LONGEST]
    if not question:
        return show(request, "console_search.html", asked="", hits=None)
    branch = await branch_of(request)
    async with app.db.reading() as conn:
        hits = await parties.search(conn, question, branch=branch)
        phone = parse(question, app.operator.country) if not hits else None
        hits = hits or (await parties.search(conn, phone, branch=branch) if phone else [])
    accounts = {hit.account_id for hit in hits}
    if len(accounts) == 1 and None not in accounts:
        raise web.HTTPSeeOther(f"/console/accounts/{accounts.pop()}")
    return show(request, "console_search.html", asked=question, hits=hits)


@described("customer.see", summary="One customer on one page", query=(("before", "messages before this time"),))
async def page(request: web.Request) -> web.Response:
    """GET /console/accounts/{id}."""
    found = await seen(request)
    app = request.app[APP]
    async with app.db.reading() as conn:
        question = await approvals.of_subject(conn, app, f"account:{found.account.id}")
        record = await link.of_record(conn, found.account.id)
        shields = await queries.shields(conn, found.account.id)
    waits = [one for one in question if one.kind in ("phone", "mandate")]
    return show(
        request,
        "console_customer.html",
        waits=waits,
        shields=shields,
        record=record[0] if record else 0,
        c=found,
        currency=found.account.currency,
        left=shown,
        called=called,
    )


@described("customer.phone", summary="Change the phone of record", status=303)
async def change_phone(request: web.Request) -> web.Response:
    """POST /console/accounts/{id}/phone: `phone`. 409 while a number of the account cools down, with the reason and until when."""
    text, app, found = await form(request), request.app[APP], await seen(request)
    async with app.db.writing() as conn:
        await asked_first.change_phone(conn, app, found.account.id, text.get("phone", ""), actor=request[WHO].actor)
    raise back(f"/console/accounts/{found.account.id}")


@described("customer.phone", summary="Take a phone or chat off the account", status=303)
async def unlink(request: web.Request) -> web.Response:
    """POST /console/accounts/{id}/links: `contact`. Whatever that phone or chat has open ends."""
    text, app, found = await form(request), request.app[APP], await seen(request)
    of_account = ListRequest("account_id", "in", [found.account.id])
    async with app.db.writing() as conn:
        named = await theirs(conn, app, request[WHO], LINK, text.get("contact", ""), of_account)
        await link.remove(conn, app, named.contact_id, found.account.id, actor=request[WHO].actor)
    raise back(f"/console/accounts/{found.account.id}")


async def seen(request: web.Request) -> CustomerOverview:
    """The customer of the path, with the look in the audit; 404 when there is none, or none of this branch."""
    app, who = request.app[APP], request[WHO]
    before = an_instant(request.query.get("before", ""), app.zone)
    async with app.db.reading() as conn:
        named = await theirs(conn, app, who, ACCOUNT, request.match_info["id"])
        match = await customer(conn, app, named.id, branch_code=named.branch, messages_before=before)
    assert match is not None
    async with app.db.writing() as conn:
        await trail.note(conn, app, who.actor, "customer.seen", f"account:{named.id}")
    return match


SECTION = Section(
    "/console",
    search,
    Entry(Group.CUSTOMERS, 10, "Customers"),
    {"/accounts/{id}": page},
    (Action("/accounts/{id}/phone", change_phone), Action("/accounts/{id}/links", unlink)),
)
