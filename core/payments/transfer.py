"""A receipt put right: taken off a bill it should not pay, or moved to the account it belongs to. Never an edit of money: new rows
that undo, and new rows that do.
"""

from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.errors import Refused
from core.ledger import open_items
from core.ledger.model import Posting, receivable
from core.ledger.post import post
from core.ledger.tables import journal
from core.payments import queries, reverse, store
from core.payments.tables import refund


async def unapply(conn: AsyncConnection, context: Context, receipt_id: int, invoice_id: int, *, actor: str) -> int:
    """What this receipt paid of a bill becomes credit of the account; how much that was."""
    taken = await reverse.held(conn, receipt_id)
    shares = dict(await reverse.shares_of(conn, receipt_id))
    minor = shares.get(invoice_id, 0)
    if not minor:
        raise Refused("payments.move.nothing")
    await queries.debts(conn, taken.account_id, lock=True)
    await open_items.pay(conn, [(invoice_id, -minor)], context.today())
    await store.allot(conn, context, [(receipt_id, invoice_id, -minor), (receipt_id, None, minor)])
    await trail.note(conn, context, actor, "receipt.unapplied", f"receipt:{receipt_id}", invoice=str(invoice_id))
    return minor


async def move(
    conn: AsyncConnection, context: Context, receipt_id: int, to_account: str, *, actor: str, reason: str
) -> int:
    """Take a placed receipt off its account and put it on another's; the account it was on. It is not allocated there yet.

    `Refused` when it is not placed, goes nowhere new, is of another currency, or part of it has been (or is being) given back.
    """
    taken, target, number = await movable(conn, receipt_id, to_account)
    for account_id in sorted((taken.account_id, target)):
        await store.hold_account(conn, account_id)
    await reverse.unapply(conn, context, receipt_id, taken.amount_minor)
    posting = Posting(receivable(target), receivable(taken.account_id), taken.amount_minor, taken.currency, "moved")
    key = f"move:{receipt_id}:{await _moves(conn, receipt_id) + 1}"
    await post(conn, context, key=key, kind="move", booked_on=context.today(), postings=[posting])
    await store.change_receipt(conn, receipt_id, account_id=target)
    await trail.note(
        conn,
        context,
        actor,
        "receipt.moved",
        f"receipt:{receipt_id}",
        to=number,
        reason=reason[:200],
        before=str(taken.account_id),
    )
    return int(taken.account_id)


async def movable(conn: AsyncConnection, receipt_id: int, to_account: str) -> tuple[Row[Any], int, str]:
    """(the receipt, held; the account it goes to; its number), or `Refused` as `move` says."""
    taken = await reverse.held(conn, receipt_id)
    target = await queries.account_meant(conn, to_account)
    facts = await queries.account_facts(conn, target) if target else None
    if taken.state != "placed" or target is None or facts is None or facts.currency != taken.currency:
        raise Refused("payments.account.unknown", status=404)
    given = select(refund.c.id).where(refund.c.receipt_id == receipt_id, refund.c.state.in_(("asked", "granted")))
    if (
        target == taken.account_id
        or taken.reversed_minor
        or (await conn.execute(given)).first()
        or await reverse.spent(conn, receipt_id)
    ):
        raise Refused("payments.move.nothing")
    return taken, target, str(facts.number)


async def _moves(conn: AsyncConnection, receipt_id: int) -> int:
    query = select(func.count()).select_from(journal).where(journal.c.key.like(f"move:{receipt_id}:%"))
    return (await conn.execute(query)).scalar_one()
