"""What messages cost between two days, by channel and category: of the house, or of one branch's customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.context import Context
from core.outbox.costs import MICRO, message_cost
from core.outbox.queue import outbox
from core.parties.tables import account, branch


@dataclass(frozen=True, slots=True)
class Cost:
    """What one channel took in one currency; millionths of a unit."""

    channel: str
    category: str
    currency: str
    messages: int
    amount_micro: int

    @property
    def shown(self) -> str:
        """As one reads it: an SMS may cost less than a cent."""
        return micro_text(self.currency, self.amount_micro)

    @property
    def each(self) -> str:
        """The mean of one message."""
        return micro_text(self.currency, self.amount_micro // max(1, self.messages))


def micro_text(currency: str, micro: int) -> str:
    """Millionths as text, to the hundredth of a cent."""
    whole, part = divmod(micro // 100, MICRO // 100)
    return f"{currency} {whole:,}.{part:04d}"


async def costs(
    conn: AsyncConnection, context: Context, first: date, last: date, *, branch_code: str | None = None
) -> Sequence[Cost]:
    """From the first day to the last, both included, as the operator's clock has them."""
    c = message_cost.c
    names = (c.channel, c.category, c.currency)
    query = (
        select(*names, func.count(), func.sum(c.amount_micro))
        .where(c.at >= start_of(first, context.zone), c.at < start_of(last + timedelta(days=1), context.zone))
        .group_by(*names)
        .order_by(*names)
    )
    if branch_code is not None:
        mine = select(outbox.c.id).join(account, account.c.id == outbox.c.account_id)
        mine = mine.join(branch, branch.c.id == account.c.branch_id).where(branch.c.code == branch_code)
        query = query.where(c.outbox_id.in_(mine))
    return [Cost(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in await conn.execute(query)]


def together(found: Sequence[Cost]) -> list[str]:
    """The sum in each currency."""
    sums: dict[str, int] = {}
    for one in found:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount_micro
    return [micro_text(currency, micro) for currency, micro in sorted(sums.items())]
