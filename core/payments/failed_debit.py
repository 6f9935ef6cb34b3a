"""What follows when a direct debit fell through: tried again on a likely pay day, or the customer is asked, or the mandate is over.

By the reason alone, so that every provider's words lead to the same: no money means later, a closed account or a mandate that is
not there means never again, anything they objected to is theirs to pay. The number of tries is the operator's.
"""

from datetime import date, timedelta
from typing import Literal

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import bankdays
from core.config.payments import DirectDebit
from core.context import Context
from core.payments import mandates, schemes
from core.payments.model import Attempt
from core.payments.tables import attempt, collection, mandate, payment_request

Step = Literal["retry", "ask", "cancel"]
STEPS: dict[str, Step] = {
    "funds": "retry", "technical": "retry", "down": "retry",
    "closed": "cancel", "no_mandate": "cancel", "disputed": "ask", "returned": "ask", "declined": "ask",
}  # fmt: skip
"""The reason -> what to do; what is not named here is asked about."""


def next_step(reason: str, tries: int, retries: int) -> Step:
    """What to do after the `tries`th try. Pure."""
    step = STEPS.get(reason, "ask")
    return "ask" if step == "retry" and tries > retries else step


def next_day(today: date, policy: DirectDebit, country: str) -> date:
    """The next likely pay day, not sooner than the policy's gap, moved to a bank business day. Pure."""
    day = today + timedelta(days=policy.retry_gap_days)
    for _ in range(31):
        if day.day in policy.pay_days:
            break
        day += timedelta(days=1)
    return bankdays.on_or_after(day, country)


def is_told(context: Context, step: Step) -> bool:
    """Whether the customer hears that it failed: when no try of ours follows, or of each where the operator wants it so."""
    return step != "retry" or context.operator.direct_debit.tell == "each"


async def fell_through(conn: AsyncConnection, context: Context, tried: Attempt, reason: str) -> Step:
    """Decide, and write it into the plan and the mandate; the caller tells the customer."""
    heard = or_(attempt.c.reason.is_(None), attempt.c.reason != "never_arrived")
    made = select(func.count()).select_from(attempt).where(attempt.c.request_id == tried.request_id, heard)
    step = next_step(reason, (await conn.execute(made)).scalar_one(), context.operator.direct_debit.retries)
    plan: dict[str, object] = {"state": "failed"}
    if step == "retry":
        whose = schemes.calendar(context, tried.provider)
        day = next_day(context.today(), context.operator.direct_debit, whose)
        plan = {"state": "planned", "collect_on": day}
    await conn.execute(update(collection).where(collection.c.request_id == tried.request_id).values(plan))
    over = update(payment_request).where(payment_request.c.id == tried.request_id)
    await conn.execute(over.values(state="open" if step == "retry" else "closed"))
    if step == "cancel" and tried.mandate_id:
        reference = select(mandate.c.reference).where(mandate.c.id == tried.mandate_id)
        found = (await conn.execute(reference)).scalar_one_or_none()
        if found:
            await mandates.cancel(conn, context, found, actor=f"provider:{tried.provider}", state="failed")
    return step
