"""The bank's side: every entry of a statement is a payout, a transfer, a debit, a deposit or a refund of ours, or nobody can say.

A match moves the money in the ledger from where it was on its way to `bank`, once, under the entry's or the payout's key; what the
provider kept is `fees`. References are trusted first, then the exact amount within the days a payout takes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db.engine import AnyRow
from core.db.in_list import in_list
from core.ledger.model import Book, Posting
from core.ledger.post import post
from core.payments.bank.tables import statement_entry, statement_line, statement_movement
from core.payments.desk.tables import deposit
from core.payments.reconcile import load
from core.payments.reconcile.model import Difference
from core.payments.tables import receipt, refund


@dataclass(frozen=True, slots=True)
class Expected:
    """Money that should be on the bank account: `book` holds it meanwhile, `fee_minor` of it will never come."""

    provider: str
    about: str
    amount_minor: int
    day: date
    book: Book
    kind: str
    currency: str
    fee_minor: int = 0
    branch_id: int | None = None


async def match(conn: AsyncConnection, context: Context, on: date) -> list[Difference]:
    """Match what should be on the account by this day, then what is on it; the differences of the day."""
    expected = await _payouts(conn, on) + await _deposits(conn, on)
    found: list[Difference] = []
    for one in expected:
        if difference := await _look_for(conn, context, one):
            found.append(difference)
    await _known(conn, context, on)
    return found + await _unexplained(conn, on) + await _otherwise(conn, on)


async def _payouts(conn: AsyncConnection, on: date) -> list[Expected]:
    rows = await conn.execute(load.payouts(on))
    return [
        Expected(
            row.provider,
            row.payout,
            int(row.net_minor),
            row.day,
            Book(f"cash:{row.provider}"),
            "payout",
            row.currency,
            int(row.fee_minor),
        )
        for row in rows
    ]


async def _deposits(conn: AsyncConnection, on: date) -> list[Expected]:
    query = select(deposit).where(deposit.c.deposited_on == on).order_by(deposit.c.id)
    return [
        Expected(
            "cash",
            row.slip,
            row.amount_minor,
            row.deposited_on,
            Book("deposits"),
            "deposit",
            row.currency,
            branch_id=row.branch_id,
        )
        for row in await conn.execute(query)
    ]


async def _look_for(conn: AsyncConnection, context: Context, one: Expected) -> Difference | None:
    """Find its entry, and settle it; or say what is wrong."""
    mark = f"{one.kind}:{one.provider}:{one.about}"
    entry = await _entry(conn, context, one, mark)
    if entry is None:
        late = context.today() - one.day <= timedelta(days=context.operator.reconcile.payout_days)
        return Difference(
            f"{one.kind}_missing", one.provider, one.about, -one.amount_minor, one.day, late, one.branch_id
        )
    await _settle(conn, context, one, entry.amount_minor, mark)
    await _matched(conn, [entry.id], mark)
    off = entry.amount_minor - one.amount_minor
    return (
        Difference(f"{one.kind}_amount", one.provider, one.about, off, one.day, False, one.branch_id) if off else None
    )


async def _entry(conn: AsyncConnection, context: Context, one: Expected, mark: str) -> AnyRow | None:
    """The entry it was matched with, or the one that names it, or the only one of that amount in these days."""
    last = one.day + timedelta(days=context.operator.reconcile.payout_days)
    near = select(statement_entry).where(
        statement_entry.c.amount_minor > 0,
        statement_entry.c.booked_on.between(one.day - timedelta(days=1), last),
        statement_entry.c.currency == one.currency,
    )
    done = (await conn.execute(select(statement_entry).where(statement_entry.c.matched == mark))).first()
    if done:
        return done
    rows = [row for row in await conn.execute(near.order_by(statement_entry.c.id)) if row.state == "open"]
    named = [row for row in rows if _names(row, one.about)]
    alike = [row for row in rows if row.amount_minor == one.amount_minor and not row.end_to_end]
    if named:
        return named[0]
    return alike[0] if len(alike) == 1 else None


def _names(row: AnyRow, about: str) -> bool:
    """Whether an entry names it, as a word of its own: PO1 is not PO10."""
    word = rf"(?<![^\W_]){re.escape(about)}(?![^\W_])"
    return re.search(word, f"{row.purpose} {row.end_to_end or ''} {row.bank_ref}", re.IGNORECASE) is not None


async def _settle(conn: AsyncConnection, context: Context, one: Expected, came_minor: int, mark: str) -> None:
    """What came is in the bank, what was kept is fees."""
    moved = [Posting(one.book, Book("bank"), came_minor, one.currency, one.kind)]
    if one.fee_minor:
        moved.append(Posting(one.book, Book("fees"), one.fee_minor, one.currency, "fees"))
    await post(conn, context, key=f"settlement:{mark}", kind="settlement", booked_on=context.today(), postings=moved)


async def _known(conn: AsyncConnection, context: Context, on: date) -> None:
    """Entries that are receipts, returned debits or refunds of ours; all of the day at once."""
    rows = (
        await conn.execute(
            select(statement_entry).where(statement_entry.c.booked_on == on, statement_entry.c.state == "open")
        )
    ).all()
    receipts = await _receipts(conn, rows)
    sent = await _sent(conn)
    for row in rows:
        known = receipts.get(row.key) or receipts.get(row.end_to_end or "")
        if known and row.amount_minor > 0 and row.amount_minor == known.amount_minor:
            await _banked(conn, context, row, Book(f"cash:{known.provider}"), f"receipt:{known.id}")
        elif known and row.amount_minor < 0 and known.reversed_minor == -row.amount_minor:
            await _banked(conn, context, row, Book(f"cash:{known.provider}"), f"return:{known.id}")
        elif refunded := next((one for one in sent if _is_refund(row, one)), None):
            await _matched(conn, [row.id], f"refund:{refunded.id}")


async def _receipts(conn: AsyncConnection, rows: Sequence[AnyRow]) -> dict[str, AnyRow]:
    names = [row.key for row in rows] + [row.end_to_end for row in rows if row.end_to_end]
    query = select(receipt).where(
        receipt.c.provider.in_(("bank", "sepa")), in_list(conn, receipt.c.provider_txn, names)
    )
    return {row.provider_txn: row for row in await conn.execute(query)}


async def _sent(conn: AsyncConnection) -> Sequence[AnyRow]:
    """Refunds a clerk transferred (their money left `bank` when she said so)."""
    query = select(refund.c.id, refund.c.amount_minor, refund.c.paid_ref).where(refund.c.paid_ref.is_not(None))
    return (await conn.execute(query)).all()


def _is_refund(row: AnyRow, one: AnyRow) -> bool:
    return -row.amount_minor == one.amount_minor and _names(row, str(one.paid_ref))


async def _banked(conn: AsyncConnection, context: Context, row: AnyRow, book: Book, mark: str) -> None:
    bank = Book("bank")
    source, target = (book, bank) if row.amount_minor > 0 else (bank, book)
    moved = Posting(source, target, abs(row.amount_minor), row.currency, "banked")
    await post(conn, context, key=f"banked:{row.key}", kind="settlement", booked_on=context.today(), postings=[moved])
    await _matched(conn, [row.id], mark)


async def _matched(conn: AsyncConnection, ids: Sequence[int], mark: str) -> None:
    held = update(statement_entry).where(statement_entry.c.id.in_(ids))
    await conn.execute(held.values(state="matched", matched=mark))


async def _unexplained(conn: AsyncConnection, on: date) -> list[Difference]:
    query = select(statement_entry).where(statement_entry.c.booked_on == on, statement_entry.c.state == "open")
    return [
        Difference("bank_unexplained", "bank", row.key, row.amount_minor, on, note=row.problem)
        for row in await conn.execute(query.order_by(statement_entry.c.id))
    ]


async def _otherwise(conn: AsyncConnection, on: date) -> list[Difference]:
    """Movements that two statements tell differently: no amount is missing by the balances, but whose it is may be wrong."""
    query = (
        select(statement_movement.c.key, func.max(statement_line.c.otherwise).label("note"))
        .join_from(statement_movement, statement_line, statement_line.c.movement_id == statement_movement.c.id)
        .where(statement_movement.c.booked_on == on, statement_line.c.otherwise.is_not(None))
        .group_by(statement_movement.c.key)
        .order_by(statement_movement.c.key)
    )
    return [Difference("bank_otherwise", "bank", row.key, 0, on, note=row.note) for row in await conn.execute(query)]
