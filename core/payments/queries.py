"""The questions payments ask: attempts, receipts, what is open, who is meant by what a payer typed."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.in_list import in_list
from core.ledger.tables import open_item
from core.parties.tables import account, party
from core.payments.model import LIVE, Attempt, Debt, account_numbers
from core.payments.tables import allocation, attempt, payment_request, receipt

_ATTEMPT = [attempt.c[field.name] for field in fields(Attempt)]


async def attempt_by(
    conn: AsyncConnection,
    *,
    attempt_id: int | None = None,
    key: str | None = None,
    provider: str = "",
    provider_ref: str | None = None,
    lock: bool = False,
) -> Attempt | None:
    """The attempt of an id, of our key, or of the provider's own reference; `lock` holds its row until the end."""
    query = select(*_ATTEMPT)
    if attempt_id is not None:
        query = query.where(attempt.c.id == attempt_id)
    elif key is not None:
        query = query.where(attempt.c.key == key)
    elif provider_ref is None:
        return None  # what has no reference is not the one that has none either
    else:
        query = query.where(attempt.c.provider == provider, attempt.c.provider_ref == provider_ref)
    row = (await conn.execute(query.with_for_update() if lock else query)).first()
    return Attempt(*row) if row else None


async def live_attempts(conn: AsyncConnection, account_id: int, methods: Sequence[str]) -> list[Attempt]:
    """Attempts of these methods that may still bring money to the account, oldest first."""
    query = select(*_ATTEMPT).where(
        attempt.c.account_id == account_id, attempt.c.method.in_(methods), attempt.c.state.in_(LIVE)
    )
    return [Attempt(*row) for row in await conn.execute(query.order_by(attempt.c.id))]


async def request_of(conn: AsyncConnection, request_id: int) -> Row[int, int, int | None, str, str]:
    """(id, account, invoice or None, state, kind) of a request."""
    query = select(
        payment_request.c.id,
        payment_request.c.account_id,
        payment_request.c.invoice_id,
        payment_request.c.state,
        payment_request.c.kind,
    ).where(payment_request.c.id == request_id)
    return (await conn.execute(query)).one()


async def arrived(conn: AsyncConnection, attempt_id: int) -> int:
    """What all receipts of an attempt come to, minor units."""
    query = select(func.coalesce(func.sum(receipt.c.amount_minor), 0)).where(receipt.c.attempt_id == attempt_id)
    return int((await conn.execute(query)).scalar_one())


async def account_meant(conn: AsyncConnection, reference: str) -> int | None:
    """The account a payer meant by what she typed; None when that is nobody's number."""
    numbers = account_numbers(reference)
    if not numbers:
        return None
    rank = case({number: place for place, number in enumerate(numbers)}, value=account.c.number)
    query = select(account.c.id).where(account.c.number.in_(numbers)).order_by(rank).limit(1)
    return (await conn.execute(query)).scalar_one_or_none()


async def account_facts(conn: AsyncConnection, account_id: int) -> Row[str, str, str] | None:
    """(number, currency, language) of an account."""
    query = (
        select(account.c.number, account.c.currency, party.c.language)
        .join_from(account, party, account.c.party_id == party.c.id)
        .where(account.c.id == account_id)
    )
    return (await conn.execute(query)).first()


async def branch_of(conn: AsyncConnection, account_id: int) -> int | None:
    """The branch that looks after an account."""
    return (await conn.execute(select(account.c.branch_id).where(account.c.id == account_id))).scalar_one_or_none()


_DEBT = [open_item.c[field.name] for field in fields(Debt) if field.name != "priority"]


async def debts(
    conn: AsyncConnection, account_id: int, *, invoice_id: int | None = None, lock: bool = False
) -> list[Debt]:
    """What is open of an account (or of one invoice), by invoice id; `lock` holds the rows, always in that order."""
    query = select(*_DEBT).where(open_item.c.account_id == account_id, open_item.c.open_minor > 0)
    if invoice_id is not None:
        query = query.where(open_item.c.invoice_id == invoice_id)
    query = query.order_by(open_item.c.invoice_id)
    return [Debt(*row) for row in await conn.execute(query.with_for_update() if lock else query)]


async def receipt_by_txn(
    conn: AsyncConnection, provider: str, txn: str
) -> Row[int, int | None, int | None, str] | None:
    """(id, account, attempt, state) of a receipt, by the provider's own number."""
    query = select(receipt.c.id, receipt.c.account_id, receipt.c.attempt_id, receipt.c.state).where(
        receipt.c.provider == provider, receipt.c.provider_txn == txn
    )
    return (await conn.execute(query)).first()


async def receipt_whole(conn: AsyncConnection, receipt_id: int) -> Row[Any]:
    """A receipt, all of it."""
    return (await conn.execute(select(receipt).where(receipt.c.id == receipt_id))).one()


async def taken_back(conn: AsyncConnection, receipt_id: int) -> int:
    """How much of a receipt was taken back, in minor units."""
    query = select(receipt.c.reversed_minor).where(receipt.c.id == receipt_id)
    return int((await conn.execute(query)).scalar_one())


async def unallocated(conn: AsyncConnection, account_ids: Sequence[int]) -> list[Row[int, int, int]]:
    """(account, receipt, credit left) of the receipts that still hold credit, oldest receipt first."""
    left = func.sum(allocation.c.amount_minor)
    query = (
        select(receipt.c.account_id, receipt.c.id, left)
        .join_from(receipt, allocation, allocation.c.receipt_id == receipt.c.id)
        .where(in_list(conn, receipt.c.account_id, account_ids), allocation.c.invoice_id.is_(None))
        .group_by(receipt.c.account_id, receipt.c.id)
        .having(left > 0)
        .order_by(receipt.c.id)
    )
    return list(await conn.execute(query))


async def receipt_facts(conn: AsyncConnection, receipt_id: int) -> tuple[int | None, int]:
    """(the request it answers or None, minor units) of a receipt."""
    query = (
        select(attempt.c.request_id, receipt.c.amount_minor)
        .select_from(receipt.outerjoin(attempt, attempt.c.id == receipt.c.attempt_id))
        .where(receipt.c.id == receipt_id)
    )
    row = (await conn.execute(query)).one()
    return row[0], int(row[1])
