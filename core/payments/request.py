"""Asking for money by a link: 128 random bits, one purpose, the live open amount, an expiry, and dead once paid."""

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.payments import methods, queries
from core.payments.model import LinkState, LinkView, Paylink
from core.payments.tables import payment_request


async def paylink(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    *,
    invoice_id: int | None = None,
    amount_minor: int | None = None,
    key: str,
) -> Paylink:
    """A link that pays what is open of the invoice, else of the account, at most `amount_minor`; the same `key`, the same link."""
    facts = await queries.account_facts(conn, account_id)
    if facts is None:
        raise Refused("payments.account.unknown", status=404)
    now = context.clock.now()
    row = {
        "id": context.ids.take(),
        "key": f"paylink:{key}",
        "kind": "paylink",
        "account_id": account_id,
        "invoice_id": invoice_id,
        "amount_minor": amount_minor,
        "currency": facts.currency,
        "token": secrets.token_urlsafe(16),
        "state": "open",
        "created_at": now,
        "expires_at": now + timedelta(days=context.operator.payments.paylink_days),
    }
    await conn.execute(insert(conn, payment_request).values(row).on_conflict_do_nothing(index_elements=["key"]))
    made = (
        await conn.execute(
            select(payment_request.c.token, payment_request.c.expires_at).where(payment_request.c.key == row["key"])
        )
    ).one()
    return Paylink(made.token, f"{context.site.public_url}/p/{made.token}", made.expires_at)


async def link(conn: AsyncConnection, context: Context, token: str) -> LinkView | None:
    """The link as it stands now; None when the token is nobody's."""
    query = select(payment_request).where(payment_request.c.token == token, payment_request.c.kind == "paylink")
    found = (await conn.execute(query)).first()
    if found is None:
        return None
    facts = await queries.account_facts(conn, found.account_id)
    open_debts = await queries.debts(conn, found.account_id, invoice_id=found.invoice_id)
    amount = sum(debt.payable_minor for debt in open_debts)
    if found.amount_minor is not None:
        amount = min(amount, found.amount_minor)
    due = [debt.due_on for debt in open_debts if debt.payable_minor]
    state = await _state(conn, context, found, amount)
    return LinkView(
        request_id=found.id,
        account_id=found.account_id,
        invoice_id=found.invoice_id,
        state=state,
        amount_minor=amount,
        currency=found.currency,
        due_on=min(due, default=None),
        language=facts.language if facts else "en",
    )


async def _state(conn: AsyncConnection, context: Context, found: Row[Any], amount: int) -> LinkState:
    if found.state == "paid" or amount <= 0:
        return "paid"
    if found.state == "closed":
        return "closed"
    if found.expires_at <= context.clock.now():
        return "expired"
    for debit in await queries.live_attempts(conn, found.account_id, ("direct_debit",)):
        collected = (await queries.request_of(conn, debit.request_id)).invoice_id
        if found.invoice_id in (None, collected):
            return "collecting"
    return "open" if "card" in await methods.of_account(conn, context, found.account_id) else "not_offered"


async def close(conn: AsyncConnection, request_id: int, state: str) -> None:
    """The request is over: `paid`, or `closed` because something else took its place."""
    await conn.execute(
        update(payment_request)
        .where(payment_request.c.id == request_id, payment_request.c.state == "open")
        .values(state=state)
    )
