"""Money nobody could place waits in suspense until the payer (or a clerk) says whose it is.

A payer proves it by the provider's own number of the payment, which only they and the provider know.
"""

from collections.abc import Sequence

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import AnyRow
from core.errors import Refused
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.payments import queries, store
from core.payments.tables import receipt


async def claim(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    reference: str,
    actor: str,
    *,
    amount_minor: int | None = None,
) -> int:
    """Place the receipt they mean; its id. `Refused` when none of that reference waits.

    The provider's own number is proof enough. What they typed when they paid is not: then the amount has to be right as well, and only
    one such payment may wait.
    """
    await store.hold_account(conn, account_id)
    facts = await queries.account_facts(conn, account_id)
    found = await _waiting(conn, reference, amount_minor)
    if found is None or facts is None or facts.currency != found.currency:
        raise Refused("payments.claim.none", status=404)
    await place(conn, context, found.id, account_id)
    await trail.note(conn, context, actor, "receipt.claimed", f"receipt:{found.id}", account_id=str(account_id))
    return int(found.id)


async def _waiting(conn: AsyncConnection, reference: str, amount_minor: int | None) -> Row[int, str] | None:
    waits = select(receipt.c.id, receipt.c.currency).where(receipt.c.state == "suspense").with_for_update()
    typed = reference.strip()
    found = (await conn.execute(waits.where(receipt.c.provider_txn.in_((typed, typed.upper()))))).first()
    if found or amount_minor is None or not typed:
        return found
    same = waits.where(func.lower(receipt.c.reference) == typed.lower(), receipt.c.amount_minor == amount_minor)
    rows = (await conn.execute(same.limit(2))).all()
    return rows[0] if len(rows) == 1 else None


async def place_by_hand(conn: AsyncConnection, context: Context, receipt_id: int, to_account: str, actor: str) -> None:
    """A clerk says whose money it is."""
    query = select(receipt.c.state, receipt.c.currency).where(receipt.c.id == receipt_id).with_for_update()
    held = (await conn.execute(query)).first()
    target = await queries.account_meant(conn, to_account)
    facts = await queries.account_facts(conn, target) if target else None
    if held is None or held.state != "suspense":
        raise Refused("payments.claim.none", status=404)
    if target is None or facts is None or facts.currency != held.currency:
        raise Refused("payments.account.unknown", status=404)
    await store.hold_account(conn, target)
    await place(conn, context, receipt_id, target)
    await trail.note(conn, context, actor, "receipt.placed", f"receipt:{receipt_id}", account_id=str(target))


async def waiting(conn: AsyncConnection) -> Sequence[AnyRow]:
    """What waits, the oldest first: (id, provider, provider_txn, amount_minor left, currency, reference, payer, received_at)."""
    left = receipt.c.amount_minor - receipt.c.reversed_minor
    query = select(
        receipt.c.id,
        receipt.c.provider,
        receipt.c.provider_txn,
        left.label("amount_minor"),
        receipt.c.currency,
        receipt.c.reference,
        receipt.c.payer,
        receipt.c.received_at,
        receipt.c.booked_on,
    ).where(receipt.c.state == "suspense")
    return (await conn.execute(query.order_by(receipt.c.received_at, receipt.c.id))).all()


async def place(conn: AsyncConnection, context: Context, receipt_id: int, account_id: int) -> None:
    """Move a receipt out of suspense onto an account."""
    left = (receipt.c.amount_minor - receipt.c.reversed_minor).label("left")
    held = (await conn.execute(select(left, receipt.c.currency).where(receipt.c.id == receipt_id))).one()
    posting = Posting(receivable(account_id), Book("suspense"), held.left, held.currency, "claimed")
    key = f"claim:{receipt_id}"
    if not await post(conn, context, key=key, kind="claim", booked_on=context.today(), postings=[posting]):
        raise RuntimeError(f"{key} is posted, but the receipt is still in suspense")
    await store.change_receipt(conn, receipt_id, account_id=account_id, state="placed")
