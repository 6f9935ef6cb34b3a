"""What follows from what, in one table: a fact on the left, what is carried out on the right, in this order and in the same transaction.

A room that wants to hear of something (a webhook, an SLA clock, a control of revenue assurance) subscribes by a row here, and nowhere
else. Facts of one kind arrive together: a bill run tells a partition at once, so whatever follows works by sets.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.facts import Finalised
from core.context import Context
from core.facts import Fact
from core.journeys import bill_final, money_received, payment_failed
from core.payments.facts import PaymentFailed, PaymentReceived, PaymentReversed

Follower = Callable[[AsyncConnection, Context, Sequence[Any]], Awaitable[None]]


async def _announce(conn: AsyncConnection, context: Context, facts: Sequence[Finalised]) -> None:
    await bill_final.announce(conn, context, [bill for fact in facts for bill in fact.bills])


async def _received(conn: AsyncConnection, context: Context, facts: Sequence[PaymentReceived]) -> None:
    for fact in facts:  # a provider tells one payment at a time, each in a transaction of its own
        await money_received.received(conn, context, fact.receipt_id)


async def _reversed(conn: AsyncConnection, context: Context, facts: Sequence[PaymentReversed]) -> None:
    for fact in facts:
        await money_received.taken_back(conn, context, fact.receipt_id)


async def _failed(conn: AsyncConnection, context: Context, facts: Sequence[PaymentFailed]) -> None:
    for fact in facts:
        await payment_failed.failed(conn, context, fact.attempt_id)


FOLLOW: Mapping[type[Fact], Sequence[Follower]] = {
    Finalised: (_announce,),
    PaymentReceived: (_received,),
    PaymentReversed: (_reversed,),
    PaymentFailed: (_failed,),
}
"""Fact -> what follows, in this order."""


async def follow(conn: AsyncConnection, context: Context, facts: Sequence[Fact]) -> None:
    """Carry out what follows from facts, in the order in which they happened; a kind without a row is a bug."""
    for kind, same in groupby(facts, type):
        alike = list(same)
        for follower in FOLLOW[kind]:
            await follower(conn, context, alike)
