"""One receipt: what it pays, and the ways to put it right: give it back, take it off a bill, move it to the right account."""

import secrets
from typing import Any

from aiohttp import web
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals import decide as approvals
from core.journeys import asked_first
from core.overview.chargebacks import of_receipt
from core.overview.listing import ListRequest
from core.overview.nameable import INVOICE, RECEIPT, REFUND
from core.overview.paid import paid_by
from core.overview.theirs import their_account, theirs
from core.parties import sim
from core.payments import queries as payments
from core.payments import refunds, transfer
from gateway.admin.auth import WHO
from gateway.admin.console.section import Action, Section
from gateway.admin.console.shared import an_amount, back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP


@described("payment.see", summary="One receipt and what it pays")
async def page(request: web.Request) -> web.Response:
    """GET /console/receipts/{id}."""
    async with request.app[APP].db.reading() as conn:
        found = await _found(conn, request)
        parts = (await paid_by(conn, [found.id])).get(found.id, ())
        given, disputed = await refunds.of_receipt(conn, found.id), await of_receipt(conn, found.id)
        waits = await approvals.of_subject(conn, request.app[APP], f"receipt:{found.id}")
        held = await sim.cooling_until(conn, request.app[APP], found.account_id) if found.account_id else None
    return show(
        request,
        "console_receipt.html",
        r=found,
        parts=parts,
        refunds=given,
        disputed=disputed,
        key=secrets.token_hex(12),
        currency=found.currency,
        held_until=held,
        waits=waits,
    )


@described("payment.right", summary="Give back, take off a bill, or move a receipt", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/receipts/{id}: `do` = refund (`amount`, `reason`, `key`), unapply (`invoice`), move (`account`, `reason`), paid (`refund`, `reference`)."""
    told, app, actor = await form(request), request.app[APP], request[WHO].actor
    async with app.db.writing() as conn:
        found = await _found(conn, request)
        match told.get("do"):
            case "refund":
                await refunds.ask(
                    conn,
                    app,
                    found.id,
                    amount_minor=an_amount(told.get("amount", ""), found.currency),
                    reason=told.get("reason", ""),
                    actor=actor,
                    key=f"console:{told.get('key', '')[:40]}",
                )
            case "unapply":
                bill = await theirs(conn, app, request[WHO], INVOICE, told.get("invoice", ""))
                await transfer.unapply(conn, app, found.id, bill.id, actor=actor)
            case "move":
                to = await their_account(conn, app, request[WHO], told.get("account", ""))
                await asked_first.move_receipt(
                    conn, app, found.id, to.number, actor=actor, reason=told.get("reason", "")
                )
            case "paid":
                its = ListRequest("receipt_id", "in", [found.id])
                given = await theirs(conn, app, request[WHO], REFUND, told.get("refund", ""), its)
                await refunds.paid_by_hand(conn, app, given.id, reference=told.get("reference", ""), actor=actor)
            case _:
                raise web.HTTPBadRequest(text="There is no such thing to do.")
    raise back(f"/console/receipts/{found.id}")


async def _found(conn: AsyncConnection, request: web.Request) -> Row[Any]:
    named = await theirs(conn, request.app[APP], request[WHO], RECEIPT, request.match_info["id"])
    return await payments.receipt_whole(conn, named.id)


SECTION = Section(
    "/console/receipts",
    details={"/{id}": page},
    actions=(Action("/{id}", change, {"refund": "refund", "unapply": "unapply", "move": "move", "paid": "paid"}),),
    under="/console",
)
