"""One day on one page: bills made, money in, messages out and in; and the month around it, day by day: cash expected, cash come.

Expected on a day is what bills due that day ask for, less what is disputed. Days are days of the operator's zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, FromClause, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import bill_run, invoice
from core.care.tables import interaction
from core.clock import start_of
from core.context import Context
from core.ledger.tables import open_item
from core.overview.listing import AnyRow
from core.parties.tables import account, branch
from core.payments.tables import receipt


@dataclass(frozen=True, slots=True)
class Cash:
    """One day of the month: due that day and received that day, in minor units."""

    on: date
    expected_minor: int
    received_minor: int


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, and the cash of its month."""

    on: date
    run: AnyRow | None
    bills: AnyRow
    """count, total_minor, estimated: of the bills issued that day."""
    payments: Sequence[AnyRow]
    """provider, method, state, count, total_minor."""
    messages: Sequence[AnyRow]
    """channel, direction, count."""
    month: Sequence[Cash]


async def day(conn: AsyncConnection, context: Context, on: date, *, branch_code: str | None) -> Day:
    """The day `on`, of one branch or of the whole house."""
    return Day(
        on,
        (await conn.execute(select(bill_run).where(bill_run.c.run_date == on))).first(),
        (await conn.execute(_bills(on, branch_code))).one(),
        (await conn.execute(_payments(on, branch_code))).all(),
        (await conn.execute(_messages(context, on, branch_code))).all(),
        await _month(conn, context, on, branch_code),
    )


def _of_branch(
    start: FromClause, account_id: ColumnElement[int], code: str | None
) -> tuple[FromClause, ColumnElement[bool]]:
    """The rows of a branch: joined to their account only where a branch is asked for."""
    if code is None:
        return start, true()
    joined = start.join(account, account.c.id == account_id).join(branch, branch.c.id == account.c.branch_id)
    return joined, branch.c.code == code


def _bills(on: date, code: str | None) -> Select[*tuple[object, ...]]:
    start, mine = _of_branch(invoice, invoice.c.account_id, code)
    sums = (
        func.count().label("count"),
        func.coalesce(func.sum(invoice.c.total_minor), 0).label("total_minor"),
        func.count().filter(invoice.c.estimated).label("estimated"),
    )
    query = select(*sums).select_from(start).where(invoice.c.issued_on == on, invoice.c.state == "final")
    return query.where(mine)


def _payments(on: date, code: str | None) -> Select[*tuple[object, ...]]:
    start, mine = _of_branch(receipt, receipt.c.account_id, code)
    groups = (receipt.c.provider, receipt.c.method, receipt.c.state)
    sums = (func.count().label("count"), func.sum(receipt.c.amount_minor).label("total_minor"))
    query = (
        select(*groups, *sums).select_from(start).where(receipt.c.booked_on == on).group_by(*groups).order_by(*groups)
    )
    return query.where(mine)


def _messages(context: Context, on: date, code: str | None) -> Select[*tuple[object, ...]]:
    start, mine = _of_branch(interaction, interaction.c.account_id, code)
    groups = (interaction.c.channel, interaction.c.direction)
    begins, ends = start_of(on, context.zone), start_of(on + timedelta(days=1), context.zone)
    query = select(*groups, func.count().label("count")).select_from(start).group_by(*groups).order_by(*groups)
    query = query.where(interaction.c.at >= begins, interaction.c.at < ends)
    return query.where(mine)


async def _month(conn: AsyncConnection, context: Context, on: date, code: str | None) -> list[Cash]:
    first = on.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    start, mine = _of_branch(
        open_item.join(invoice, invoice.c.id == open_item.c.invoice_id), open_item.c.account_id, code
    )
    question = func.sum(open_item.c.total_minor - open_item.c.disputed_minor)
    due = select(open_item.c.due_on, question).select_from(start).group_by(open_item.c.due_on)
    due = due.where(open_item.c.due_on >= first, open_item.c.due_on < after, invoice.c.currency == context.currency)
    expected = await _by_day(conn, due.where(mine))
    start, mine = _of_branch(receipt, receipt.c.account_id, code)
    came = (
        select(receipt.c.booked_on, func.sum(receipt.c.amount_minor - receipt.c.reversed_minor))
        .select_from(start)
        .group_by(receipt.c.booked_on)
    )
    came = came.where(receipt.c.booked_on >= first, receipt.c.booked_on < after, receipt.c.state != "reversed")
    came = came.where(receipt.c.currency == context.currency)
    received = await _by_day(conn, came.where(mine))
    days = [first + timedelta(days=n) for n in range((after - first).days)]
    return [Cash(one, expected.get(one, 0), received.get(one, 0)) for one in days]


async def _by_day(conn: AsyncConnection, sums: Select[*tuple[date, int]]) -> Mapping[date, int]:
    return {row[0]: int(row[1] or 0) for row in await conn.execute(sums)}
