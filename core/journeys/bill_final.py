"""A bill became final: credit pays what it can, a mandate plans the rest, units from points are taken up, the customer is told.

Called with the bills of a partition inside the transaction that makes them final (billing's `then`), all by sets. The notice holds
references only; how much and when is asked again when it leaves (`notices`). The caller has reserved a few ids per bill.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice_line
from core.collections import exposures
from core.context import Context
from core.db.in_list import in_list
from core.outbox import queue
from core.outbox.queue import OutboxDraft
from core.payments import allocate, mandates
from core.rewards import units


class FinalBill(Protocol):
    """What this needs to know of a bill; billing's own value has more."""

    @property
    def invoice_id(self) -> int:
        """Its id."""

    @property
    def account_id(self) -> int:
        """Whose it is."""

    @property
    def due_on(self) -> date:
        """By when it is to be paid."""

    @property
    def total_minor(self) -> int:
        """What it comes to."""

    @property
    def reward_minor(self) -> int:
        """<= 0: what units from points took off."""


async def announce(conn: AsyncConnection, context: Context, bills: Sequence[FinalBill]) -> int:
    """What follows from these final bills; how many are announced (each once, under the key `ready:<invoice id>`)."""
    paid = await allocate.apply_credit(conn, context, bills)
    await exposures.billed(conn, [bill.account_id for bill in bills])
    collected = await mandates.plan_collections(conn, context, bills)
    rewarded = {bill.invoice_id: bill.account_id for bill in bills if bill.reward_minor < 0}
    if rewarded:
        await units.take_up(conn, context, await _units_used(conn, rewarded))
    letters = [_ready(bill, paid.get(bill.invoice_id, 0), collected) for bill in bills]
    return await queue.enqueue_many(conn, context, letters, known=False)


def _ready(bill: FinalBill, paid_minor: int, collected: Collection[int]) -> OutboxDraft:
    if bill.total_minor <= paid_minor:
        template = "notice.ready.covered"
    else:
        template = "notice.ready.mandate" if bill.invoice_id in collected else "notice.ready.pay"
    return OutboxDraft(
        f"ready:{bill.invoice_id}",
        "notice",
        template,
        account_id=bill.account_id,
        subject_id=bill.invoice_id,
        resend_unknown=True,
    )


async def _units_used(conn: AsyncConnection, rewarded: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """Account -> (invoice, micro-kWh) of the bills that carry a reward line."""
    used = await conn.execute(
        select(invoice_line.c.invoice_id, func.sum(func.abs(invoice_line.c.quantity_micro)))
        .where(in_list(conn, invoice_line.c.invoice_id, list(rewarded)), invoice_line.c.code == "reward_units")
        .group_by(invoice_line.c.invoice_id)
    )
    return {rewarded[row[0]]: (row[0], int(row[1])) for row in used}
