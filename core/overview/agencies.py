"""What agencies collect for us: the files they are sent, and what came while an account was with them. Listed, never posted.

A file of a day is the same whenever it is asked for: its amounts are those of the placement, its lines stand in the order of their ids.
Names and phones are those on file now, so that nobody lives on here who was forgotten elsewhere.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import csv_text, money
from core.clock import start_of
from core.collections.placing import commission
from core.collections.tables import placement
from core.context import Context
from core.ledger.tables import open_item
from core.overview.listing import AnyRow
from core.parties.tables import account, branch, contact, contact_account, party
from core.payments.tables import allocation, receipt

Lines = list[tuple[str, ...]]


def _mine(query: Select[Any], branch_code: str | None) -> Select[Any]:
    if branch_code is None:
        return query
    return query.where(account.c.branch_id == select(branch.c.id).where(branch.c.code == branch_code).scalar_subquery())


async def placed(
    conn: AsyncConnection, context: Context, code: str, from_on: date, to_on: date, branch_code: str | None = None
) -> Lines:
    """What was placed with an agency from one day to another, both included. The phone is that on record, of nobody they only linked."""
    phone = (
        select(func.min(contact.c.phone))
        .join(contact_account, contact_account.c.contact_id == contact.c.id)
        .where(contact_account.c.account_id == placement.c.account_id, contact_account.c.how == "record")
        .scalar_subquery()
    )
    names = ("id", "placed_on", "amount_minor", "oldest_due")
    query = (
        select(*(placement.c[name] for name in names), account.c.number, party.c.name, phone.label("phone"))
        .join(account, account.c.id == placement.c.account_id)
        .join(party, party.c.id == account.c.party_id)
        .where(placement.c.agency == code, placement.c.placed_on.between(from_on, to_on))
        .order_by(placement.c.id)
    )
    head = ("placement", "placed", "account", "name", "phone", "amount", "oldest_due")
    return [head] + [
        (
            str(row.id),
            row.placed_on.isoformat(),
            row.number,
            row.name,
            row.phone or "",
            money.plain(row.amount_minor, context.currency),
            row.oldest_due.isoformat(),
        )
        for row in await conn.execute(_mine(query, branch_code))
    ]


async def recalled(
    conn: AsyncConnection, context: Context, code: str, from_on: date, to_on: date, branch_code: str | None = None
) -> Lines:
    """What was taken back from an agency from one day to another, and why."""
    names = ("id", "placed_on", "recalled_on", "recalled_why")
    query = (
        select(*(placement.c[name] for name in names), account.c.number)
        .join(account, account.c.id == placement.c.account_id)
        .where(placement.c.agency == code, placement.c.recalled_on.between(from_on, to_on))
        .order_by(placement.c.recalled_on, placement.c.id)
    )
    return [("placement", "account", "placed", "recalled", "why")] + [
        (str(row.id), row.number, row.placed_on.isoformat(), row.recalled_on.isoformat(), row.recalled_why)
        for row in await conn.execute(_mine(query, branch_code))
    ]


@dataclass(frozen=True, slots=True)
class Came:
    """What a receipt brought (or took back, then negative) of a placement's debt; minor units."""

    on: date
    agency: str
    placement_id: int
    account: str
    txn: str
    minor: int
    percent: str

    @property
    def commission_minor(self) -> int:
        """The agency's part."""
        return commission(self.minor, self.percent)


async def came(
    conn: AsyncConnection,
    context: Context,
    from_on: date,
    to_on: date,
    *,
    code: str | None = None,
    branch_code: str | None = None,
) -> list[Came]:
    """Money paid while an account was placed, for bills that were overdue then, by the day on which it was put to them."""
    put = allocation.alias()
    began = select(func.min(put.c.at)).where(put.c.receipt_id == receipt.c.id).scalar_subquery()
    total = func.sum(allocation.c.amount_minor)
    first, last = start_of(from_on, context.zone), start_of(to_on + timedelta(days=1), context.zone)
    names = (allocation.c.at, placement.c.agency, placement.c.id, account.c.number, receipt.c.provider_txn)
    query = (
        select(*names, total, placement.c.commission)
        .select_from(placement)
        .join(account, account.c.id == placement.c.account_id)
        .join(open_item, open_item.c.account_id == placement.c.account_id)
        .join(allocation, allocation.c.invoice_id == open_item.c.invoice_id)
        .join(receipt, receipt.c.id == allocation.c.receipt_id)
        .where(
            open_item.c.due_on < placement.c.placed_on,
            receipt.c.received_at >= placement.c.at,
            or_(placement.c.recalled_at.is_(None), began <= placement.c.recalled_at),
            allocation.c.at >= first,
            allocation.c.at < last,
        )
        .group_by(*names, placement.c.commission, receipt.c.id)
        .having(total != 0)
        .order_by(allocation.c.at, receipt.c.id)
    )
    query = query if code is None else query.where(placement.c.agency == code)
    rows = await conn.execute(_mine(query, branch_code))
    return [
        Came(at.astimezone(context.zone).date(), agency, placement_id, number, txn, int(minor), percent)
        for at, agency, placement_id, number, txn, minor, percent in rows
    ]


async def collected(
    conn: AsyncConnection, context: Context, code: str, from_on: date, to_on: date, branch_code: str | None = None
) -> Lines:
    """The same as a file, with the commission of each line and last their sums."""
    match = await came(conn, context, from_on, to_on, code=code, branch_code=branch_code)
    lines = [
        (
            one.on.isoformat(),
            str(one.placement_id),
            one.account,
            one.txn,
            money.plain(one.minor, context.currency),
            one.percent,
            money.plain(one.commission_minor, context.currency),
        )
        for one in match
    ]
    sums = (sum(one.minor for one in match), sum(one.commission_minor for one in match))
    amount, part = (money.plain(one, context.currency) for one in sums)
    head = ("day", "placement", "account", "payment", "amount", "percent", "commission")
    return [head, *lines, ("together", "", "", "", amount, "", part)]


FILES: dict[str, Callable[..., Awaitable[Lines]]] = {"placed": placed, "recalled": recalled, "collected": collected}
"""What can be asked for: (conn, house, agency, first day, last day, branch) -> the lines, first their names."""


def as_csv(lines: Lines) -> str:
    """The file."""
    return csv_text.written(lines)


async def standing(conn: AsyncConnection, *, branch_code: str | None = None) -> Sequence[AnyRow]:
    """agency, accounts, placed_minor of what is placed now."""
    query = (
        select(
            placement.c.agency, func.count().label("accounts"), func.sum(placement.c.amount_minor).label("placed_minor")
        )
        .join(account, account.c.id == placement.c.account_id)
        .where(placement.c.open_id.is_not(None))
        .group_by(placement.c.agency)
        .order_by(placement.c.agency)
    )
    rows: Sequence[AnyRow] = (await conn.execute(_mine(query, branch_code))).all()
    return rows
