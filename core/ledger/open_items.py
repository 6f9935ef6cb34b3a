"""The one writer of open items: what is still asked of each final invoice, and how much of that a dispute holds.

An item is opened with its invoice, paid (and opened again when a payment goes back), frozen while a line of it is contested, released
when that is decided, lowered by a credit note, and written down when its debt will not come. Bills, payments, disputes and collections
all move it and do not know each other, so it stands in the ledger. Rows are locked in the order of their invoice ids, by whoever reads
them first. Amounts are integer minor units of the invoice's currency.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, bindparam, case, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.ledger.tables import open_item

item = open_item.c


class HeldItem(NamedTuple):
    """An item that this transaction holds, in minor units."""

    open_minor: int
    disputed_minor: int

    @property
    def free_minor(self) -> int:
        """What is open and not contested."""
        return self.open_minor - self.disputed_minor


async def hold(conn: AsyncConnection, invoice_id: int) -> HeldItem | None:
    """Lock the item of an invoice; None where nothing was ever asked."""
    query = select(item.open_minor, item.disputed_minor).where(item.invoice_id == invoice_id).with_for_update()
    row = (await conn.execute(query)).one_or_none()
    return HeldItem(int(row[0]), int(row[1])) if row else None


async def open_one(
    conn: AsyncConnection, *, invoice_id: int, account_id: int, due_on: date, total_minor: int, on: date
) -> None:
    """Ask for an invoice that became final; one of nothing is settled at once."""
    await conn.execute(
        insert(open_item).values(
            invoice_id=invoice_id,
            account_id=account_id,
            due_on=due_on,
            total_minor=total_minor,
            open_minor=total_minor,
            disputed_minor=0,
            settled_on=None if total_minor else on,
        )
    )


async def open_many(
    conn: AsyncConnection,
    invoices: FromClause,
    *,
    invoice_id: ColumnElement[int],
    account_id: ColumnElement[int],
    total_minor: ColumnElement[int],
    due_on: date,
    on: date,
) -> None:
    """Ask for all of a staged set of invoices, in one statement; what comes to nothing (or to credit) is settled at once."""
    values: dict[str, ColumnElement[Any]] = {
        "invoice_id": invoice_id,
        "account_id": account_id,
        "due_on": literal(due_on),
        "total_minor": total_minor,
        "open_minor": case((total_minor > 0, total_minor), else_=0),
        "disputed_minor": literal(0),
        "settled_on": case((total_minor <= 0, literal(on)), else_=None),
    }
    rows = select(*values.values()).select_from(invoices)
    await conn.execute(insert(open_item).from_select(list(values), rows))


async def pay(conn: AsyncConnection, paid: Iterable[tuple[int, int]], on: date) -> None:
    """Take (invoice, minor units) off what is open; negative opens it again. The rows must be held already."""
    rows = [{"invoice": invoice_id, "paid": minor} for invoice_id, minor in sorted(paid)]
    if not rows:
        return
    closes = item.open_minor == bindparam("paid")
    statement = (
        update(open_item)
        .where(item.invoice_id == bindparam("invoice"))
        .values(open_minor=item.open_minor - bindparam("paid"), settled_on=case((closes, on), else_=None))
    )
    await conn.execute(statement, rows)


async def freeze(conn: AsyncConnection, invoice_id: int, minor: int) -> None:
    """Contested: so much is asked for by nobody until the dispute is decided. The row must be held already."""
    await conn.execute(
        update(open_item).where(item.invoice_id == invoice_id).values(disputed_minor=item.disputed_minor + minor)
    )


async def release(conn: AsyncConnection, invoice_id: int, minor: int) -> None:
    """Decided: what the dispute froze is asked for again, as far as it is still there."""
    rest = item.disputed_minor - minor
    await conn.execute(
        update(open_item).where(item.invoice_id == invoice_id).values(disputed_minor=case((rest > 0, rest), else_=0))
    )


async def lower(conn: AsyncConnection, invoice_id: int, left_minor: int, on: date) -> None:
    """Credited: only so much is left open, and no more than that can be contested. The row must be held already."""
    disputed = item.disputed_minor
    await conn.execute(
        update(open_item)
        .where(item.invoice_id == invoice_id)
        .values(
            open_minor=left_minor,
            disputed_minor=case((disputed > left_minor, left_minor), else_=disputed),
            settled_on=on if left_minor == 0 else None,
        )
    )


async def write_down(conn: AsyncConnection, invoice_id: int, minor: int) -> None:
    """Written off: so much of it is no longer asked for, without being settled. Negative asks for it again."""
    await conn.execute(
        update(open_item).where(item.invoice_id == invoice_id).values(open_minor=item.open_minor - minor)
    )
