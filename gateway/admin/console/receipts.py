"""One receipt: what it pays, and the ways to put it right: give it back, take it off a bill, move it to the right account."""

import secrets
from typing import Any

from aiohttp import web
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from core.journeys import money_received
from core.overview.chargebacks import of_receipt
from core.overview.listing import Wanted, one
from core.overview.listings import PAYMENTS
from core.overview.paid import paid_by
from core.parties import sim
from core.payments import move, refunds
from core.payments import queries as payments
from gateway.admin.auth import WHO
from gateway.admin.console.desk import an_amount, back, form, number, show
from gateway.admin.described import described
from gateway.desk import HOUSE


@described("payment.see", summary="One receipt and what it pays")
async def page(request: web.Request) -> web.Response:
    """GET /console/receipts/{id}."""
    async with request.app[HOUSE].db.reading() as conn:
        found = await _found(conn, request)
        parts = (await paid_by(conn, [found.id])).get(found.id, ())
        given, disputed = await refunds.of_receipt(conn, found.id), await of_receipt(conn, found.id)
        held = await sim.cooling_until(conn, request.app[HOUSE], found.account_id) if found.account_id else None
    return show(
        request, "console_receipt.html", r=found, parts=parts, refunds=given, disputed=disputed, key=secrets.token_hex(12),
        currency=found.currency, held_until=held,
    )  # fmt: skip


@described("payment.right", summary="Give back, take off a bill, or move a receipt", status=303)
async def change(request: web.Request) -> web.Response:
    """POST /console/receipts/{id}: `do` = refund (`amount`, `reason`, `key`), unapply (`invoice`), move (`account`, `reason`), paid (`refund`, `reference`)."""
    told, house, actor = await form(request), request.app[HOUSE], request[WHO].actor
    async with house.db.writing() as conn:
        found = await _found(conn, request)
        match told.get("do"):
            case "refund":
                await refunds.ask(
                    conn, house, found.id, amount_minor=an_amount(told.get("amount", ""), found.currency),
                    reason=told.get("reason", ""), actor=actor, key=f"console:{told.get('key', '')[:40]}",
                )  # fmt: skip
            case "unapply":
                await move.unapply(conn, house, found.id, number(told.get("invoice", "")), actor=actor)
            case "move":
                await money_received.moved(
                    conn, house, found.id, told.get("account", ""), actor=actor, reason=told.get("reason", "")
                )
            case "paid":
                refund_id = await refunds.of(conn, number(told.get("refund", "")), found.id)
                await refunds.paid_by_hand(conn, house, refund_id, reference=told.get("reference", ""), actor=actor)
            case _:
                raise web.HTTPBadRequest(text="There is no such thing to do.")
    raise back(f"/console/receipts/{found.id}")


async def _found(conn: AsyncConnection, request: web.Request) -> Row[Any]:
    receipt_id = number(request.match_info["id"])
    wanted = [Wanted("id", "in", [receipt_id])]
    if await one(conn, PAYMENTS, wanted, branch=request[WHO].branch) is None:
        raise web.HTTPNotFound(text="There is no such receipt.")
    return await payments.receipt_whole(conn, receipt_id)


def routes() -> list[web.RouteDef]:
    """The routes."""
    return [web.get("/console/receipts/{id}", page), web.post("/console/receipts/{id}", change)]
