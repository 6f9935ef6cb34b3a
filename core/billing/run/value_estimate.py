"""What a period comes to that is not billed yet: so many days as the last bill had them; without one, as the neighbours' bills have them.

A guess, and told as one. It is for who has to decide what comes first, and never reaches an account.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.model import SERIES
from core.billing.tables import invoice
from core.db.in_list import in_list
from core.parties.tables import account

SAMPLE = 500
"""The newest bills of the house, from which the neighbours' days are taken."""
Days = tuple[int, int]
"""(days, minor units) of one bill, or of many together."""


@dataclass(frozen=True, slots=True)
class Unbilled:
    """A period of an account without a bill."""

    account_id: int
    segment: str
    currency: str
    from_date: date
    to_date: date


async def last_bills(conn: AsyncConnection, account_ids: Collection[int]) -> dict[int, Days]:
    """The last final bill of each account that has one."""
    newest = func.row_number().over(partition_by=invoice.c.account_id, order_by=invoice.c.to_date.desc())
    bills = (
        select(
            invoice.c.account_id, invoice.c.from_date, invoice.c.to_date, invoice.c.total_minor, newest.label("newest")
        )
        .where(
            in_list(conn, invoice.c.account_id, account_ids),
            invoice.c.series == SERIES,
            invoice.c.state == "final",
        )
        .subquery()
    )
    rows = await conn.execute(select(bills).where(bills.c.newest == 1))
    return {row.account_id: ((row.to_date - row.from_date).days, row.total_minor) for row in rows}


async def stakes(conn: AsyncConnection, waiting: Sequence[Unbilled]) -> list[int | None]:
    """About how much each of these comes to, in order; None where nothing is known."""
    last = await last_bills(conn, {one.account_id for one in waiting}) if waiting else {}
    strangers = any(one.account_id not in last for one in waiting)
    like = await _neighbours(conn) if strangers else {}
    return [_share(one, last.get(one.account_id) or like.get((one.segment, one.currency))) for one in waiting]


def _share(one: Unbilled, bill: Days | None) -> int | None:
    if bill is None or bill[0] <= 0:
        return None
    return max(0, bill[1]) * (one.to_date - one.from_date).days // bill[0]


async def _neighbours(conn: AsyncConnection) -> dict[tuple[str, str], Days]:
    """(segment, currency) -> the days and the money of the house's newest bills."""
    newest = (
        select(invoice.c.account_id, invoice.c.from_date, invoice.c.to_date, invoice.c.total_minor, invoice.c.currency)
        .where(invoice.c.series == SERIES, invoice.c.state == "final")
        .order_by(invoice.c.id.desc())
        .limit(SAMPLE)
        .subquery()
    )
    rows = await conn.execute(
        select(
            account.c.segment, newest.c.currency, newest.c.from_date, newest.c.to_date, newest.c.total_minor
        ).join_from(newest, account, account.c.id == newest.c.account_id)
    )
    found: dict[tuple[str, str], Days] = defaultdict(lambda: (0, 0))
    for segment, currency, from_, to, minor in rows:
        days, sum_ = found[segment, currency]
        found[segment, currency] = (days + (to - from_).days, sum_ + max(0, minor))
    return dict(found)
