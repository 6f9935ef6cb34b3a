"""Money nobody could place waits in suspense until the payer (or a clerk) says whose it is.

A payer proves it by the provider's own number of the payment, which only she and the provider know.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.errors import Refused
from core.house import House
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.payments import queries, store
from core.payments.tables import receipt


async def claim(conn: AsyncConnection, house: House, account_id: int, number: str, actor: str) -> int:
    """Place the receipt whose provider's `number` is known; its id. `Refused` when none of that number waits."""
    await store.hold_account(conn, account_id)
    query = select(receipt.c.id, receipt.c.currency).where(
        receipt.c.provider_txn == number.strip().upper(), receipt.c.state == "suspense"
    )
    found = (await conn.execute(query.with_for_update())).first()
    facts = await queries.account_facts(conn, account_id)
    if found is None or facts is None or facts.currency != found.currency:
        raise Refused("payments.claim.none", status=404)
    await place(conn, house, found.id, account_id)
    await audit.note(conn, house, actor, "receipt.claimed", f"receipt:{found.id}", account_id=str(account_id))
    return int(found.id)


async def place(conn: AsyncConnection, house: House, receipt_id: int, account_id: int) -> None:
    """Move a receipt out of suspense onto an account."""
    query = select(receipt.c.amount_minor, receipt.c.currency).where(receipt.c.id == receipt_id)
    held = (await conn.execute(query)).one()
    posting = Posting(receivable(account_id), Book("suspense"), held.amount_minor, held.currency, "claimed")
    key = f"claim:{receipt_id}"
    if not await post(conn, house, key=key, kind="claim", booked_on=house.today(), postings=[posting]):
        raise RuntimeError(f"{key} is posted, but the receipt is still in suspense")
    await store.change_receipt(conn, receipt_id, account_id=account_id, state="placed")
