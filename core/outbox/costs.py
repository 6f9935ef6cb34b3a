"""What each message cost: as the provider said, or by the operator's own price list where it says nothing.

Millionths of a currency unit, because an SMS may cost less than a cent. A message that fell back from one channel to another has a row
for each that took money. Nothing here is ever summed with a customer's money.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import Context
from core.db import bulk
from core.db.engine import Instant, metadata
from core.money import known
from core.numbers import MICRO_DECIMALS, Unreadable, machine

MICRO = 10**MICRO_DECIMALS
message_cost = Table(
    "message_cost",
    metadata,
    Column("outbox_id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, primary_key=True),
    Column("category", Text, nullable=False),  # what WhatsApp charged it as: utility, marketing, service; else empty
    Column("currency", Text, nullable=False),
    Column("amount_micro", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_message_cost_at", "at"),
)


class MessageCost(msgspec.Struct, frozen=True):
    """What one message took. `said`: the provider's own words (`KES 0.8000`), if any. `free`: it said that it charges nothing."""

    outbox_id: int
    channel: str
    said: str | None = None
    category: str = ""
    free: bool = False


async def note(conn: AsyncConnection, context: Context, spent: Sequence[MessageCost]) -> int:
    """Write down what these cost; those of which neither the provider nor the operator tells a price are left out."""
    now = context.clock.now()
    priced = [(one, match) for one in spent if (match := _price(context, one)) is not None]
    rows = [(one.outbox_id, one.channel, one.category, currency, micro, now) for one, (currency, micro) in priced]
    if not rows:
        return 0
    return await bulk.insert_many(conn, message_cost, list(message_cost.c.keys()), rows, skip_known=True)


def _price(context: Context, one: MessageCost) -> tuple[str, int] | None:
    if one.free:
        return context.currency, 0
    if one.said:
        return read(one.said)
    prices = context.operator.notices.prices
    listed = prices.get(f"{one.channel}.{one.category}") or prices.get(one.channel)
    return None if listed is None else (context.currency, machine(listed, MICRO_DECIMALS))


FINEST = 12
"""Decimals that a price may have; finer than a millionth is dropped."""


@lru_cache(maxsize=1024)
def read(said: str) -> tuple[str, int] | None:
    """`KES 0.8000` as currency and millionths; None when it is no such thing."""
    currency, _, amount = said.strip().partition(" ")
    try:
        micro = machine(amount, FINEST) // 10 ** (FINEST - MICRO_DECIMALS)
    except Unreadable:
        return None
    return (currency, micro) if known(currency) and micro >= 0 else None
