"""Money that arrived becomes a receipt, once: by whichever of callback, poll, paybill note or bank statement tells first.

It is placed on the account of its attempt, else on the account whose number the payer typed, else it waits in suspense for
someone to claim it. The posting is made here; which bills it pays follows in `allocate`, in the same transaction.

A provider may confirm money before it says its number (M-Pesa's query does). Such a receipt is kept under a number of ours and
takes the provider's when that is told; a paybill note about the very same money finds it by account, amount and hour.
"""

from datetime import timedelta

from sqlalchemy import Row, false, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.ledger.model import Book, Posting, receivable
from core.ledger.post import post
from core.payments import queries, store, suspense
from core.payments.model import Attempt, ReceiptIn, ReceiptTaken
from core.payments.tables import receipt

SAME_MONEY = timedelta(minutes=15)
OURS = "attempt:"
"""How the number of a receipt begins that the provider has not told yet."""

Known = Row[int, int | None, int | None, str]


async def apply(conn: AsyncConnection, context: Context, got: ReceiptIn) -> ReceiptTaken:
    """Keep the money once; the same money told again, or by another way, changes nothing but what was still missing."""
    tried = await queries.attempt_by(conn, attempt_id=got.attempt_id) if got.attempt_id else None
    account_id = await _whose(conn, got, tried)
    if account_id:
        await store.hold_account(conn, account_id)
    number = got.txn or f"{OURS}{got.attempt_id}"
    known = await queries.receipt_by_txn(conn, got.provider, number) or await _twin(conn, got, tried, account_id)
    if known is None:
        receipt_id = context.ids.take()
        if await store.keep_receipt(conn, _row(context, got, receipt_id, number, account_id)):
            await _post(conn, context, got, number, account_id)
            return ReceiptTaken(receipt_id, placed_now=account_id is not None)
        known = await queries.receipt_by_txn(conn, got.provider, number)
        if known is None:
            raise RuntimeError("a receipt was refused as known, and is not")
    return await _again(conn, context, got, known, account_id)


async def _whose(conn: AsyncConnection, got: ReceiptIn, tried: Attempt | None) -> int | None:
    """The account the money is for; None when nobody's, or when the account keeps another currency."""
    account_id = tried.account_id if tried else await queries.account_meant(conn, got.reference)
    facts = await queries.account_facts(conn, account_id) if account_id else None
    return account_id if facts and facts.currency == got.currency else None


async def _twin(conn: AsyncConnection, got: ReceiptIn, tried: Attempt | None, account_id: int | None) -> Known | None:
    """The same money, told before without its number, or now without it."""
    query = select(receipt.c.id, receipt.c.account_id, receipt.c.attempt_id, receipt.c.state).where(
        receipt.c.provider == got.provider, receipt.c.state != "reversed"
    )
    same = query.where(
        false() if account_id is None else receipt.c.account_id == account_id,  # nobody's is not the same nobody's
        receipt.c.amount_minor == got.amount_minor,
        receipt.c.received_at.between(got.received_at - SAME_MONEY, got.received_at + SAME_MONEY),
    )
    nameless = receipt.c.provider_txn.startswith(OURS)
    if tried and got.txn is None:
        query = same.where(receipt.c.attempt_id.is_(None))
        own = await conn.execute(select(*_KNOWN).where(receipt.c.attempt_id == tried.id).limit(1))
        if found := own.first():
            return found
    elif tried:
        query = query.where(receipt.c.attempt_id == tried.id, nameless)
    else:
        query = same.where(nameless)
    return (await conn.execute(query.order_by(receipt.c.id).limit(1))).first()


_KNOWN = (receipt.c.id, receipt.c.account_id, receipt.c.attempt_id, receipt.c.state)


async def _again(
    conn: AsyncConnection, context: Context, got: ReceiptIn, known: Known, account_id: int | None
) -> ReceiptTaken:
    """What is told again may know more: the attempt, the provider's number, whose money it is."""
    more: dict[str, object] = {}
    if got.attempt_id and known.attempt_id is None:
        more["attempt_id"] = got.attempt_id
    if got.txn:
        more["provider_txn"] = got.txn
    if more:
        await store.change_receipt(conn, known.id, **more)
    if known.state == "suspense" and account_id:
        await suspense.place(conn, context, known.id, account_id)
        return ReceiptTaken(known.id, placed_now=True)
    return ReceiptTaken(known.id, placed_now=False)


def _row(context: Context, got: ReceiptIn, receipt_id: int, number: str, account_id: int | None) -> dict[str, object]:
    return {
        "id": receipt_id,
        "provider": got.provider,
        "provider_txn": number,
        "account_id": account_id,
        "attempt_id": got.attempt_id,
        "method": got.method,
        "amount_minor": got.amount_minor,
        "currency": got.currency,
        "reference": got.reference,
        "payer": got.payer,
        "state": "placed" if account_id else "suspense",
        "received_at": got.received_at,
        "booked_on": context.today(),
    }


async def _post(conn: AsyncConnection, context: Context, got: ReceiptIn, number: str, account_id: int | None) -> None:
    source = receivable(account_id) if account_id else Book("suspense")
    posting = Posting(source, Book(f"cash:{got.provider}"), got.amount_minor, got.currency, "received")
    key = f"receipt:{got.provider}:{number}"
    if not await post(conn, context, key=key, kind="receipt", booked_on=context.today(), postings=[posting]):
        raise RuntimeError(f"{key} is posted, but there is no such receipt")
