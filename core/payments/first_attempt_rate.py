"""How well the first try of a payment goes, by method and by day, with and without a reminder before it, and of who is never reminded.

A first try is the first attempt of a request that has ended; a debit that was sent back later did not succeed. Whoever has no reminder
because the operator leaves some out on purpose (`notices.reminder_holdout`) is the comparison that tells what reminders are worth.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, literal, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.db.engine import Instant
from core.outbox.queue import outbox
from core.parties.tables import account
from core.payments.tables import attempt, payment_request

ENDED = ("succeeded", "failed", "expired")
ARMS = ("no", "yes", "left out")
"""Whether a reminder went before the try; `left out`: none, on purpose."""


def left_out(account_id: Any, percent: int) -> Any:
    """Whether an account gets no reminders, in SQL or in Python: the same ones for as long as the percentage stays."""
    return account_id // 7 % 100 < percent


@dataclass(frozen=True, slots=True)
class FirstTries:
    """Of one method: how many first tries, how many of them succeeded."""

    method: str
    arm: str
    """One of `ARMS`."""
    tries: int
    succeeded: int

    @property
    def percent(self) -> str:
        """The share that succeeded, with one decimal."""
        tenths = self.succeeded * 1_000 // self.tries if self.tries else 0
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class TriesOfDay:
    """The first tries of a day."""

    on: date
    tries: int
    succeeded: int


def _first(context: Context, from_on: date, to_on: date, branch_id: int | None, *columns: Any) -> Select[Any]:
    """First tries that began between two days and have ended, of a branch or of all."""
    first = select(func.min(attempt.c.id)).where(attempt.c.method != "refund").group_by(attempt.c.request_id)
    mine = select(account.c.id).where(account.c.branch_id == branch_id)
    return (
        select(*columns, func.count(), func.count().filter(attempt.c.state == "succeeded"))
        .join_from(attempt, payment_request, attempt.c.request_id == payment_request.c.id)
        .where(
            attempt.c.id.in_(first),
            attempt.c.state.in_(ENDED),
            attempt.c.created_at >= start_of(from_on, context.zone),
            attempt.c.created_at < start_of(to_on, context.zone),
            true() if branch_id is None else attempt.c.account_id.in_(mine),
        )
    )


async def first_tries(
    conn: AsyncConnection, context: Context, from_on: date, to_on: date, *, branch_id: int | None = None
) -> list[FirstTries]:
    """By method and reminder, of first tries between two days."""
    reminded = exists().where(
        outbox.c.template == "notice.reminder",
        outbox.c.subject_id == payment_request.c.invoice_id,
        outbox.c.state.in_(("sent", "delivered")),
        outbox.c.created_at < attempt.c.created_at,
    )
    out = left_out(attempt.c.account_id, context.operator.notices.reminder_holdout)
    arm = case((reminded, 1), (out, 2), else_=0).label("arm")
    query = _first(context, from_on, to_on, branch_id, attempt.c.method, arm)
    rows = await conn.execute(query.group_by(attempt.c.method, "arm").order_by(attempt.c.method, "arm"))
    return [FirstTries(row[0], ARMS[row[1]], row[2], row[3]) for row in rows]


async def by_day(
    conn: AsyncConnection, context: Context, from_on: date, to_on: date, *, branch_id: int | None = None
) -> list[TriesOfDay]:
    """Each day between two, in the operator's zone."""
    days = [from_on + timedelta(days=n) for n in range((to_on - from_on).days)]
    spans = [
        select(
            literal(at).label("at"),
            literal(start_of(day, context.zone), Instant()).label("begins"),
            literal(start_of(day + timedelta(days=1), context.zone), Instant()).label("ends"),
        )
        for at, day in enumerate(days)
    ]
    span = union_all(*spans).subquery()
    query = _first(context, from_on, to_on, branch_id, span.c.at)
    here = and_(attempt.c.created_at >= span.c.begins, attempt.c.created_at < span.c.ends)
    rows = await conn.execute(query.join(span, here).group_by(span.c.at))
    found = {row[0]: (row[1], row[2]) for row in rows}
    return [TriesOfDay(day, *found.get(at, (0, 0))) for at, day in enumerate(days)]
