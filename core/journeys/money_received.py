"""Money found its account: it pays the bills it should, the customer is thanked once, and paying on time earns points.

All in the transaction that kept the receipt, so that neither a crash nor a repeated callback can part them.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.house import House
from core.payments import allocate, suspense


async def received(conn: AsyncConnection, house: House, receipt_id: int) -> None:
    """What follows from a receipt that was placed on an account."""
    settled = await allocate.receipt(conn, house, receipt_id)
    if settled is None:
        return
    await outbox.enqueue(
        conn, house, key=f"thanks:{receipt_id}", kind="notice", template="notice.thanks",
        account_id=settled.account_id, subject_id=receipt_id,
    )  # fmt: skip


async def claimed(conn: AsyncConnection, house: House, account_id: int, number: str, actor: str) -> int:
    """A customer (or a clerk) names a payment that waits in suspense by the provider's number; its receipt id."""
    receipt_id = await suspense.claim(conn, house, account_id, number, actor)
    await received(conn, house, receipt_id)
    return receipt_id
