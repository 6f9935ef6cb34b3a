"""What the comparison of a day needs, by a few set queries: transactions that either side has on that day, whole, whatever their days."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from core.parties.tables import account
from core.payments.providers import BY_HAND
from core.payments.reconcile.model import Ours, ReportLine
from core.payments.reconcile.tables import provider_line
from core.payments.tables import receipt, refund, reversal

NOT_REPORTED = (*BY_HAND, "sepa")
"""Ways of money without a provider that reports: they meet the bank's statement itself."""

_LINE = [
    provider_line.c[name]
    for name in (
        "provider",
        "key",
        "txn",
        "kind",
        "gross_minor",
        "fee_minor",
        "net_minor",
        "happened_on",
        "currency",
    )
]


async def ours(conn: AsyncConnection, on: date) -> list[Ours]:
    """Our transactions that moved on the day, or that a line of the day speaks of."""
    moved = union(
        select(receipt.c.id).where(receipt.c.booked_on == on),
        select(reversal.c.receipt_id).where(reversal.c.booked_on == on),
        select(receipt.c.id)
        .join_from(receipt, provider_line, receipt.c.provider_txn == provider_line.c.txn)
        .where(receipt.c.provider == provider_line.c.provider, provider_line.c.happened_on == on),
    ).subquery()
    owed = (
        select(func.coalesce(func.sum(refund.c.amount_minor), 0))
        .where(refund.c.receipt_id == receipt.c.id, refund.c.state == "granted")
        .scalar_subquery()
    )
    by_hand = (
        select(func.coalesce(func.sum(refund.c.amount_minor), 0))
        .where(refund.c.receipt_id == receipt.c.id, refund.c.state == "done", refund.c.how == "by_hand")
        .scalar_subquery()
    )
    query = (
        select(
            receipt.c.provider,
            receipt.c.provider_txn,
            receipt.c.amount_minor,
            (receipt.c.reversed_minor - owed - by_hand).label("out_minor"),
            receipt.c.booked_on,
            account.c.branch_id,
            receipt.c.currency,
        )
        .select_from(receipt.outerjoin(account, account.c.id == receipt.c.account_id))
        .where(receipt.c.id.in_(select(moved.c[0])), receipt.c.provider.not_in(NOT_REPORTED))
        .order_by(receipt.c.id)
    )
    return [Ours(*row) for row in await conn.execute(query)]


async def lines(conn: AsyncConnection, on: date) -> list[ReportLine]:
    """The providers' lines of the day, and those of any day that speak of a transaction of ours of the day."""
    booked = (
        select(provider_line.c.id)
        .join_from(provider_line, receipt, receipt.c.provider_txn == provider_line.c.txn)
        .where(receipt.c.provider == provider_line.c.provider, receipt.c.booked_on == on)
    )
    undone = (
        select(provider_line.c.id)
        .join_from(provider_line, receipt, receipt.c.provider_txn == provider_line.c.txn)
        .join(reversal, reversal.c.receipt_id == receipt.c.id)
        .where(receipt.c.provider == provider_line.c.provider, reversal.c.booked_on == on)
    )
    same_day = select(provider_line.c.provider, provider_line.c.txn).where(provider_line.c.happened_on == on).subquery()
    alike = select(provider_line.c.id).join_from(
        provider_line,
        same_day,
        (same_day.c.provider == provider_line.c.provider) & (same_day.c.txn == provider_line.c.txn),
    )
    query = select(*_LINE).where(provider_line.c.id.in_(select(union(booked, undone, alike).subquery().c[0])))
    return [ReportLine(*row) for row in await conn.execute(query.order_by(provider_line.c.id))]


async def reported_until(conn: AsyncConnection) -> dict[str, date]:
    """How far each provider's reports reach."""
    query = select(provider_line.c.provider, func.max(provider_line.c.happened_on)).group_by(provider_line.c.provider)
    return {row[0]: row[1] for row in await conn.execute(query)}


def payouts(on: date | None = None, names: Collection[str] = ()) -> Select[Any]:
    """(provider, payout, net, fees, last day, currency) of payouts: of those whose last line is of the day."""
    query = select(
        provider_line.c.provider,
        provider_line.c.payout,
        func.sum(provider_line.c.net_minor).label("net_minor"),
        func.sum(provider_line.c.fee_minor).label("fee_minor"),
        func.max(provider_line.c.happened_on).label("day"),
        func.max(provider_line.c.currency).label("currency"),
    ).where(provider_line.c.payout.is_not(None))
    grouped = query.group_by(provider_line.c.provider, provider_line.c.payout)
    if on is not None:
        grouped = grouped.having(func.max(provider_line.c.happened_on) == on)
    return grouped.order_by(provider_line.c.provider, provider_line.c.payout)
