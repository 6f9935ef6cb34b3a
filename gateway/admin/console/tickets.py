"""What waits for a clerk, the gravest first; and one ticket with its log, to answer and to move on."""

from urllib.parse import urlencode

from aiohttp import web

from core.audit import trail
from core.care import queries as care
from core.care import tickets
from core.care.model import MOVES, SEVERITIES
from core.overview.listing import AnyRow
from core.overview.listings import TICKETS
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console import disputes
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, branch_of, form, page_of, show
from gateway.admin.described import described
from gateway.app_keys import APP

SIZE = 50
SHOWN = {"open": ("open",), "waiting": ("waiting",), "unsolved": ("open", "waiting")}
"""Which states a word of the filter means."""
FILTERS = (
    ("state", "open (unless said), waiting, unsolved"), ("severity", "critical, high, normal"), ("kind", "such as no_supply"),
    ("outage", "yes: explained by a known outage; no"), ("page", "1, 2 ..."),
)  # fmt: skip


@described("ticket.see", summary="Tickets that wait for a clerk", query=FILTERS)
async def queue(request: web.Request) -> web.Response:
    """GET /console/tickets: the gravest of all first."""
    asked = {name: request.query.get(name, "")[:40] for name in ("state", "severity", "kind", "outage")}
    states = SHOWN.get(asked["state"] or "open")
    if states is None or asked["severity"] not in ("", *SEVERITIES) or asked["outage"] not in ("", "yes", "no"):
        raise web.HTTPBadRequest(text="There is no such filter.")
    branch, at = await branch_of(request), page_of(request)
    everything = care.Chosen(states, branch_id=branch)
    explained = None if asked["outage"] == "" else asked["outage"] == "yes"
    wanted = care.Chosen(states, asked["severity"] or None, asked["kind"] or None, branch, explained)
    async with request.app[APP].db.reading() as conn:
        found = await care.queue(conn, wanted, offset=(at - 1) * SIZE, limit=SIZE + 1)
        severities, kinds = await care.waiting_by(conn, everything)
    kept = {name: text for name, text in asked.items() if text}

    def link(**other: object) -> str:
        return "?" + urlencode({**kept, **{name: str(value) for name, value in other.items() if value}})

    return show(
        request,
        "console_tickets.html",
        waiting=found[:SIZE],
        more=len(found) > SIZE,
        at=at,
        asked=asked,
        link=link,
        severities=[(one, severities.get(one, 0)) for one in SEVERITIES],
        kinds=kinds,
        states=list(SHOWN),
        total=sum(severities.values()),
        filtered=bool(kept.keys() - {"state"}),
    )


@described("ticket.see", summary="One ticket")
async def page(request: web.Request) -> web.Response:
    """GET /console/tickets/{id}."""
    match = await _found(request)
    app = request.app[APP]
    async with app.db.reading() as conn:
        log = await care.log_of(conn, match.id)
        contested = await disputes.contested(conn, app, match.id)
    moves = sorted(MOVES.get(match.state, ()))
    return show(request, "console_ticket.html", t=match, log=log, moves=moves, contested=contested)


@described("dispute.decide", summary="Decide the dispute of a ticket", status=303)
async def decide(request: web.Request) -> web.Response:
    """POST /console/tickets/{id}/verdict: `verdict` (upheld, partial, rejected), and for a part its `amount`."""
    found = await _found(request)
    await disputes.decide(request.app[APP], request[WHO], found.id, await form(request))
    raise back(f"/console/tickets/{found.id}")


@described("ticket.write", summary="Answer a ticket, or move it on", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/tickets/{id}: `text` is a word to the customer, `to` a state."""
    found, told, app = await _found(request), await form(request), request.app[APP]
    actor = request[WHO].actor
    async with app.db.writing() as conn:
        if told.get("text"):
            await tickets.reply(conn, app, found.id, actor=actor, text=told["text"])
        if told.get("to"):
            await tickets.move(conn, app, found.id, told["to"], actor=actor)
        await trail.note(conn, app, actor, "ticket.changed", f"ticket:{found.id}")
    raise back(f"/console/tickets/{found.id}")


async def _found(request: web.Request) -> AnyRow:
    app = request.app[APP]
    async with app.db.reading() as conn:
        return await theirs(conn, app, request[WHO], TICKETS, request.match_info["id"])


SECTION = Section(
    "/console/tickets",
    queue,
    Entry(Group.CUSTOMERS, 20, "Tickets"),
    {"/{id}": page},
    (
        Action("/{id}", change, {"wait": "waiting", "solve": "solved", "close": "closed"}, named_by="to"),
        Action("/{id}/verdict", decide),
    ),
)
