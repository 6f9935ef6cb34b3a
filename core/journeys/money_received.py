"""Money found its account: it pays the bills it should, the customer is thanked once, and paying on time earns points.

All in the transaction that kept the receipt, so that neither a crash nor a repeated callback can part them. Money that is taken back
takes the points of the bills it re-opens with it.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import write_off
from core.context import Context
from core.journeys import top_up
from core.journeys.dunning import restore
from core.ledger.tables import open_item
from core.outbox import queue
from core.payments import allocate, suspense, transfer
from core.payments.desk import undo
from core.payments.tables import allocation, receipt
from core.rewards import earn
from core.rewards.model import PaidBill


async def received(conn: AsyncConnection, context: Context, receipt_id: int) -> None:
    """What follows from a receipt that was placed on an account."""
    beside = await top_up.paid(conn, context, receipt_id)
    await _bring_back(conn, context, receipt_id, beside[1] if beside else 0)
    settled = await allocate.receipt(conn, context, receipt_id, beside=beside)
    if settled is None:
        return
    await queue.enqueue(
        conn,
        context,
        key=f"thanks:{receipt_id}",
        kind="notice",
        template="notice.thanks",
        account_id=settled.account_id,
        subject_id=receipt_id,
    )
    paid_on = settled.received_at.astimezone(context.zone).date()
    paid = [PaidBill(bill.invoice_id, bill.total_minor, bill.currency, paid_on, bill.due_on) for bill in settled.closed]
    await earn.for_paid_bills(conn, context, settled.account_id, paid)
    await restore.reconsider(conn, context, settled.account_id, f"receipt:{receipt_id}")


async def _bring_back(conn: AsyncConnection, context: Context, receipt_id: int, beside_minor: int) -> None:
    """What open debt does not need re-opens debt that was written off, once a receipt."""
    taken = receipt.c
    query = select(taken.account_id, taken.amount_minor - taken.reversed_minor - beside_minor).where(
        taken.id == receipt_id,
        taken.state == "placed",
        taken.account_id.is_not(None),
        ~select(allocation.c.id).where(allocation.c.receipt_id == receipt_id).exists(),
    )
    row = (await conn.execute(query)).first()
    if row is not None:
        await write_off.recover(conn, context, row[0], row[1], f"receipt:{receipt_id}")


async def claimed(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    number: str,
    actor: str,
    *,
    amount_minor: int | None = None,
) -> int:
    """A customer names a payment that waits in suspense ("I paid"): by the provider's number, or by what they typed and how much."""
    receipt_id = await suspense.claim(conn, context, account_id, number, actor, amount_minor=amount_minor)
    await received(conn, context, receipt_id)
    return receipt_id


async def placed(conn: AsyncConnection, context: Context, receipt_id: int, to_account: str, actor: str) -> None:
    """A clerk says whose money it is that waits in suspense."""
    await suspense.place_by_hand(conn, context, receipt_id, to_account, actor)
    await received(conn, context, receipt_id)


async def moved(
    conn: AsyncConnection, context: Context, receipt_id: int, to_account: str, *, actor: str, reason: str
) -> None:
    """Money that went to the wrong account goes to the right one: what it had paid and earned there is undone, and done here."""
    await transfer.move(conn, context, receipt_id, to_account, actor=actor, reason=reason)
    await taken_back(conn, context, receipt_id)
    await received(conn, context, receipt_id)


async def cancelled(conn: AsyncConnection, context: Context, receipt_id: int, *, cashier: str, reason: str) -> None:
    """A cashier cancels a receipt of their own open drawer: what it paid and earned is undone."""
    await undo.void(conn, context, receipt_id, cashier=cashier, reason=reason)
    await taken_back(conn, context, receipt_id)


async def taken_back(conn: AsyncConnection, context: Context, receipt_id: int) -> None:
    """What follows from a receipt that was reversed: its bills are open again, so what they had earned goes."""
    query = (
        select(open_item.c.invoice_id)
        .where(
            open_item.c.invoice_id.in_(select(allocation.c.invoice_id).where(allocation.c.receipt_id == receipt_id)),
            open_item.c.open_minor > 0,
        )
        .order_by(open_item.c.invoice_id)
    )
    await earn.take_back(conn, context, list((await conn.execute(query)).scalars()))
