"""What is owed and how well it comes in: ageing, days of sales outstanding, the collection rate. Each with its definition beside it.

Disputed amounts are left out of what is owed, because nobody may ask for them. All are of the operator's currency.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.ledger.tables import open_item
from core.parties.tables import account

AGES = ((-10_000, 0), (1, 30), (31, 60), (61, 90), (91, 100_000))
"""Days past due, from and to; the first is not due yet."""
SALES_DAYS = 90


@dataclass(frozen=True, slots=True)
class Owed:
    """As of a day."""

    ages: tuple[tuple[int, int, int, int], ...]
    """(from days, to days, bills, minor units) open and undisputed."""
    open_minor: int
    billed_minor: int
    """Of the last 90 days."""
    due_minor: int
    """What fell due in the 30 days before, less what is disputed."""
    paid_minor: int
    """How much of that is paid."""

    @property
    def days_outstanding(self) -> str:
        """DSO: what is open, divided by what was billed in 90 days, times 90."""
        return _tenths(self.open_minor * SALES_DAYS * 10, self.billed_minor)

    @property
    def rate(self) -> str:
        """The collection rate in percent: what was paid of what fell due in the last 30 days."""
        return _tenths(self.paid_minor * 1_000, self.due_minor)


def _tenths(tenfold: int, by: int) -> str:
    if not by:
        return "-"
    value = tenfold // by
    return f"{value // 10}.{value % 10}"


def _of(branch_id: int | None, column: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the account of a row is of the branch; always, for the whole house."""
    return true() if branch_id is None else column.in_(select(account.c.id).where(account.c.branch_id == branch_id))


async def owed(conn: AsyncConnection, on: date, currency: str, *, branch_id: int | None = None) -> Owed:
    """What is owed on the day, of the house or of a branch; the branches together are the house."""
    left = open_item.c.open_minor - open_item.c.disputed_minor
    mine = _of(branch_id, open_item.c.account_id)
    ours = select(open_item.c.due_on, func.count(), func.sum(left)).join_from(
        open_item, invoice, invoice.c.id == open_item.c.invoice_id
    )
    rows = await conn.execute(ours.where(left > 0, mine, invoice.c.currency == currency).group_by(open_item.c.due_on))
    aged = [((on - row[0]).days, row[1], int(row[2])) for row in rows]
    ages = tuple(
        (
            first,
            last,
            sum(one[1] for one in aged if first <= one[0] <= last),
            sum(one[2] for one in aged if first <= one[0] <= last),
        )
        for first, last in AGES
    )
    billed = select(func.coalesce(func.sum(invoice.c.total_minor), 0)).where(
        invoice.c.state == "final",
        invoice.c.currency == currency,
        _of(branch_id, invoice.c.account_id),
        invoice.c.issued_on.between(on - timedelta(days=SALES_DAYS - 1), on),
    )
    due = (
        select(
            func.coalesce(func.sum(open_item.c.total_minor - open_item.c.disputed_minor), 0),
            func.coalesce(func.sum(open_item.c.total_minor - open_item.c.open_minor), 0),
        )
        .join_from(open_item, invoice, invoice.c.id == open_item.c.invoice_id)
        .where(
            mine,
            invoice.c.currency == currency,
            open_item.c.due_on.between(on - timedelta(days=30), on - timedelta(days=1)),
        )
    )
    fell, paid = (await conn.execute(due)).one()
    return Owed(ages, sum(one[2] for one in aged), int((await conn.execute(billed)).scalar_one()), int(fell), int(paid))
