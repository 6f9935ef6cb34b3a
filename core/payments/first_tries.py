"""How well the first try of a payment goes, by method, and with and without a reminder before it: what the notices are worth.

A first try is the first attempt of a request that has ended; a debit that was sent back later did not succeed.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.house import House
from core.outbox import outbox
from core.payments.tables import attempt, payment_request

ENDED = ("succeeded", "failed", "expired")


@dataclass(frozen=True, slots=True)
class FirstTries:
    """Of one method: how many first tries, how many of them succeeded."""

    method: str
    reminded: bool
    tries: int
    succeeded: int

    @property
    def percent(self) -> str:
        """The share that succeeded, with one decimal."""
        tenths = self.succeeded * 1_000 // self.tries if self.tries else 0
        return f"{tenths // 10}.{tenths % 10}"


async def first_tries(conn: AsyncConnection, house: House, from_on: date, to_on: date) -> list[FirstTries]:
    """By method and reminder, of first tries between two days."""
    first = select(func.min(attempt.c.id)).where(attempt.c.method != "refund").group_by(attempt.c.request_id)
    reminded = exists().where(
        outbox.c.template == "notice.reminder", outbox.c.subject_id == payment_request.c.invoice_id,
        outbox.c.state.in_(("sent", "delivered")), outbox.c.created_at < attempt.c.created_at,
    )  # fmt: skip
    query = (
        select(
            attempt.c.method, reminded.label("reminded"), func.count(),
            func.count().filter(attempt.c.state == "succeeded"),
        )
        .join_from(attempt, payment_request, attempt.c.request_id == payment_request.c.id)
        .where(
            attempt.c.id.in_(first), attempt.c.state.in_(ENDED),
            attempt.c.created_at >= start_of(from_on, house.zone), attempt.c.created_at < start_of(to_on, house.zone),
        )
        .group_by(attempt.c.method, "reminded")
        .order_by(attempt.c.method, "reminded")
    )  # fmt: skip
    return [FirstTries(row[0], bool(row[1]), row[2], row[3]) for row in await conn.execute(query)]
