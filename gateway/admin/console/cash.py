"""The cash desk: the cashier's own drawer from float to count, what the branch takes to the bank, and how the drawers of a day came out.

What the drawer should hold is nowhere on the page before they have counted it.
"""

import secrets
from datetime import timedelta

from aiohttp import web

from core.billing import queries as bills
from core.journeys import money_received
from core.overview.nameable import RECEIPT
from core.overview.paid import paid_by
from core.overview.theirs import their_account, their_branch, theirs
from core.parties import queries as parties
from core.payments import queries as payments
from core.payments.desk import drawer, queries
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import an_amount, back, branch_of, form, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("desk.use", summary="My drawer, and the branch's deposits")
async def page(request: web.Request) -> web.Response:
    """GET /console/cash."""
    app, branch = request.app[APP], await branch_of(request)
    today = app.today()
    async with app.db.reading() as conn:
        mine = await drawer.mine(conn, request[WHO].actor)
        moves = await queries.moves(conn, mine.id) if mine else []
        drawers = await queries.drawers(conn, today, branch_id=branch)
        deposits = await queries.deposits(conn, branch_id=branch)
        off = await queries.over_and_short(conn, today - timedelta(days=30), today, branch_id=branch)
    sees = request[WHO].may("money.see")
    return show(
        request,
        "console_cash.html",
        mine=mine,
        moves=moves,
        drawers=drawers if sees else [],
        deposits=deposits,
        off=off if sees else [],
        currency=app.currency,
        key=secrets.token_hex(12),
    )


@described("desk.use", summary="Open, take, turn in, count, or take to the bank", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/cash: `do` = open (`float`), receipt (`account`, `amount`, `key`), turn_in, count, deposit (`slip`, `amount`)."""
    text, app, who = await form(request), request.app[APP], request[WHO].actor
    what, raise_to = text.get("do", ""), "/console/cash"
    minor = an_amount(text.get("amount", ""), app.currency)
    key = text.get("key", "")[:40]
    async with app.db.writing() as conn:
        branch = await their_branch(conn, app, request[WHO])
        match what:
            case "open":
                await drawer.open_drawer(conn, app, cashier=who, branch_id=branch, float_minor=minor)
            case "receipt":
                account = await their_account(conn, app, request[WHO], text.get("account", ""))
                taken = await drawer.receipt(
                    conn, app, cashier=who, account_number=account.number, amount_minor=minor, key=key
                )
                await app.happened(conn, taken.facts)
                raise_to = f"/console/cash/{taken.receipt_id}"
            case "turn_in":
                await drawer.turn_in(conn, app, cashier=who, amount_minor=minor, key=key)
            case "count":
                await drawer.count(conn, app, cashier=who, counted_minor=minor, note=text.get("note", ""))
            case "deposit":
                await drawer.take_to_bank(
                    conn, app, actor=who, branch_id=branch, slip=text.get("slip", ""), amount_minor=minor
                )
            case _:
                raise web.HTTPBadRequest(text="There is no such thing to do.")
    raise back(raise_to)


@described("desk.use", summary="One cash receipt, to print")
async def receipt(request: web.Request) -> web.Response:
    """GET /console/cash/{id}: on an 80 mm roll or a sheet."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        named = await theirs(conn, app, request[WHO], RECEIPT, request.match_info["id"])
        match = await payments.receipt_whole(conn, named.id)
        account = await parties.account(conn, match.account_id) if match.account_id else None
        owing = await bills.owing(conn, match.account_id) if match.account_id else None
        parts = (await paid_by(conn, [match.id])).get(match.id, ())
        mine = await drawer.mine(conn, request[WHO].actor)
        moves = await queries.moves(conn, mine.id) if mine and mine.state == "open" else []
    here = match.state == "placed" and any(one.provider_txn == match.provider_txn for one in moves)
    return show(request, "console_cash_receipt.html", r=match, a=account, owing=owing, parts=parts, cancellable=here)


@described("desk.use", summary="Cancel a receipt of my open drawer", status=303)
async def cancel(request: web.Request) -> web.Response:
    """POST /console/cash/{id}/cancel: `reason`. Once the drawer is counted, money goes back by a refund alone."""
    text, app = await form(request), request.app[APP]
    async with app.db.writing() as conn:
        named = await theirs(conn, app, request[WHO], RECEIPT, request.match_info["id"])
        reason = text.get("reason", "")
        await money_received.cancelled(conn, app, named.id, cashier=request[WHO].actor, reason=reason)
    raise back(f"/console/cash/{named.id}")


SECTION = Section(
    "/console/cash",
    page,
    Entry(Group.MONEY, 70, "Cash desk"),
    {"/{id}": receipt},
    (
        Action(
            "",
            change,
            {"open": "open", "receipt": "receipt", "turn-in": "turn_in", "count": "count", "deposit": "deposit"},
        ),
        Action("/{id}/cancel", cancel),
    ),
)
