"""The SQL by which payments change things: attempts move on, receipts are kept, open items go down and up again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.bulk import insert_many
from core.db.engine import insert
from core.db.in_list import in_list
from core.parties.tables import account
from core.payments.tables import allocation, attempt, receipt

_ALLOCATION = ("id", "receipt_id", "invoice_id", "amount_minor", "at")


Share = tuple[int, int | None, int]
"""(receipt, invoice or None for credit, minor units)."""


async def hold_account(conn: AsyncConnection, account_id: int) -> None:
    """Whoever places money on an account or starts an attempt for it comes one at a time (its foreign keys stay free)."""
    await conn.execute(select(account.c.id).where(account.c.id == account_id).with_for_update(key_share=True))


async def hold_accounts(conn: AsyncConnection, account_ids: Sequence[int]) -> None:
    """The same for many, the lowest id first."""
    held = select(account.c.id).where(in_list(conn, account.c.id, account_ids)).order_by(account.c.id)
    await conn.execute(held.with_for_update(key_share=True))


async def change_attempt(conn: AsyncConnection, attempt_id: int, **values: Any) -> None:
    """Move an attempt on."""
    await conn.execute(update(attempt).where(attempt.c.id == attempt_id).values(**values))


async def change_receipt(conn: AsyncConnection, receipt_id: int, **values: Any) -> None:
    """Say more of a receipt: its account, its attempt, its state."""
    await conn.execute(update(receipt).where(receipt.c.id == receipt_id).values(**values))


async def keep_receipt(conn: AsyncConnection, row: dict[str, Any]) -> bool:
    """Keep a receipt; False when the provider's number is already known."""
    statement = insert(conn, receipt).values(row)
    result = await conn.execute(statement.on_conflict_do_nothing(index_elements=["provider", "provider_txn"]))
    return result.rowcount == 1


async def allot(conn: AsyncConnection, context: Context, rows: Sequence[Share]) -> None:
    """Write allocations: what receipts pay, or (negative) no longer pay."""
    now = context.clock.now()
    ids = context.ids.take_many(len(rows))
    written = [(number, *row, now) for number, row in zip(ids, rows, strict=True)]
    await insert_many(conn, allocation, _ALLOCATION, written)
