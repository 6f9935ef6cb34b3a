"""A day branch by branch: billed, collected, taken to the bank, read, restricted, and what is owed. The branches together are the house.

A customer's money is their own branch's wherever they paid it; money that nobody could place is of no branch and has a line of its own.
Deposits are of the branch that took them to the bank.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import FromClause, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice
from core.ledger.tables import open_item
from core.metering.tables import meter, reading
from core.parties.tables import account, branch, service
from core.payments.desk.tables import deposit
from core.payments.tables import receipt, reversal
from core.provisioning.tables import barring

NO_BRANCH = 0


@dataclass(frozen=True, slots=True)
class BranchDay:
    """One branch on a day; minor units, and counts."""

    branch_id: int
    name: str
    billed: int
    collected: int
    """Less what was taken back on the day."""
    deposited: int
    read: int
    """Meters with a reading of that day."""
    restricted: int
    """Services that are not as sold, now."""
    open: int
    """Owed and not disputed, now."""


COUNTED = [one.name for one in fields(BranchDay)][2:]


async def branch_days(
    conn: AsyncConnection, on: date, currency: str, *, branch_id: int | None = None
) -> tuple[list[BranchDay], BranchDay]:
    """Each branch (or the one), and their sum."""
    names = {row.id: row.name for row in await conn.execute(select(branch.c.id, branch.c.name))}
    names[NO_BRANCH] = "suspense"
    sums = {name: await _by(conn, query) for name, query in _questions(on, currency).items()}
    taken = await _by(conn, _taken_back(on, currency))
    for key, minor in taken.items():
        sums["collected"][key] = sums["collected"].get(key, 0) - minor
    every = [
        BranchDay(key, name, **{one: sums[one].get(key, 0) for one in COUNTED})
        for key, name in sorted(names.items(), key=lambda one: (one[0] == NO_BRANCH, one[1], one[0]))
        if branch_id in (None, key)
    ]
    every = [one for one in every if one.branch_id != NO_BRANCH or one.collected]
    return every, BranchDay(-1, "together", **{one: sum(getattr(row, one) for row in every) for one in COUNTED})


def _questions(on: date, currency: str) -> Mapping[str, Select[Any]]:
    left = open_item.c.open_minor - open_item.c.disputed_minor
    return {
        "billed": _of(invoice, invoice.c.account_id, func.sum(invoice.c.total_minor)).where(
            invoice.c.issued_on == on, invoice.c.state == "final", invoice.c.currency == currency
        ),
        "collected": _of(receipt, receipt.c.account_id, func.sum(receipt.c.amount_minor)).where(
            receipt.c.booked_on == on, receipt.c.currency == currency
        ),
        "deposited": select(deposit.c.branch_id, func.sum(deposit.c.amount_minor))
        .where(deposit.c.deposited_on == on)
        .group_by(deposit.c.branch_id),
        "read": _of(
            reading.join(meter, meter.c.id == reading.c.meter_id).join(service, service.c.id == meter.c.service_id),
            service.c.account_id,
            func.count(reading.c.meter_id.distinct()),
        ).where(reading.c.read_on == on, reading.c.state == "accepted"),
        "restricted": _of(barring, barring.c.account_id, func.count()).where(barring.c.wanted != "none"),
        "open": _of(
            open_item.join(invoice, invoice.c.id == open_item.c.invoice_id), open_item.c.account_id, func.sum(left)
        ).where(left > 0, invoice.c.currency == currency),
    }


def _taken_back(on: date, currency: str) -> Select[Any]:
    start = receipt.join(reversal, reversal.c.receipt_id == receipt.c.id)
    query = _of(start, receipt.c.account_id, func.sum(reversal.c.amount_minor))
    return query.where(reversal.c.booked_on == on, receipt.c.currency == currency)


def _of(start: FromClause, account_id: Any, what: Any) -> Select[Any]:
    joined = start.outerjoin(account, account.c.id == account_id)
    return select(account.c.branch_id, what).select_from(joined).group_by(account.c.branch_id)


async def _by(conn: AsyncConnection, query: Select[Any]) -> dict[int, int]:
    return {row[0] or NO_BRANCH: int(row[1] or 0) for row in await conn.execute(query)}
