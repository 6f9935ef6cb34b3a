"""Debt that was written off, for the tax office: of each bill how much, what of it was tax, and what came after all.

Where the law gives back the tax of a debt that will never be paid, the share of tax in what was written off is the share of tax in its
bill; what is recovered later owes it again in the same share. Cents are cut, never rounded up in our favour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import csv_text, money
from core.billing.tables import invoice
from core.clock import start_of
from core.collections.tables import write_off
from core.context import Context
from core.parties.tables import account, branch, party


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """One bill's part of a write-off; minor units."""

    on: date
    account: str
    name: str
    branch: str
    bill: str
    issued_on: date | None
    bill_minor: int
    bill_tax_minor: int
    amount_minor: int
    recovered_minor: int

    @property
    def tax_minor(self) -> int:
        """The tax in what was written off."""
        return self._tax(self.amount_minor)

    @property
    def relief_minor(self) -> int:
        """The tax to claim back: of what has not come after all."""
        return self._tax(self.amount_minor - self.recovered_minor)

    def _tax(self, minor: int) -> int:
        return minor * self.bill_tax_minor // self.bill_minor if self.bill_minor > 0 else 0


async def written_off(
    conn: AsyncConnection, context: Context, from_on: date, to_on: date, *, branch_code: str | None = None
) -> Sequence[WrittenOff]:
    """What was written off from one day to another (both included), in the order it was."""
    query = (
        select(
            write_off.c.at,
            account.c.number,
            party.c.name,
            branch.c.name,
            invoice.c.number,
            invoice.c.issued_on,
            invoice.c.total_minor,
            invoice.c.tax_minor,
            write_off.c.amount_minor,
            write_off.c.recovered_minor,
        )
        .join_from(write_off, invoice, invoice.c.id == write_off.c.invoice_id)
        .join(account, account.c.id == write_off.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .join(branch, branch.c.id == account.c.branch_id)
        .where(
            write_off.c.at >= start_of(from_on, context.zone),
            write_off.c.at < start_of(to_on + timedelta(days=1), context.zone),
        )
        .order_by(write_off.c.at, write_off.c.id)
    )
    rows = await conn.execute(query if branch_code is None else query.where(branch.c.code == branch_code))
    return [WrittenOff(at.astimezone(context.zone).date(), *rest) for at, *rest in rows]


HEAD = ("written_off", "account", "name", "branch", "bill", "issued", "bill_total", "bill_tax", "amount", "tax", "recovered", "relief")  # fmt: skip
"""The columns of the file."""


def as_csv(found: Sequence[WrittenOff], currency: str) -> str:
    """The file."""
    return csv_text.written([HEAD, *rows_of(found, currency)])


def rows_of(found: Sequence[WrittenOff], currency: str) -> list[tuple[str, ...]]:
    """The lines of the file, amounts as decimal texts; last their sums."""
    sums = ["amount_minor", "tax_minor", "recovered_minor", "relief_minor"]
    lines = [
        (
            one.on.isoformat(),
            one.account,
            one.name,
            one.branch,
            one.bill,
            one.issued_on.isoformat() if one.issued_on else "",
            money.plain(one.bill_minor, currency),
            money.plain(one.bill_tax_minor, currency),
            *(money.plain(getattr(one, name), currency) for name in sums),
        )
        for one in found
    ]
    total = [money.plain(sum(getattr(one, name) for one in found), currency) for name in sums]
    return [*lines, ("together", "", "", "", "", "", "", "", *total)]
