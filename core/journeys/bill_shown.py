"""A bill as customers and clerks see it: with the instalments they have agreed, where they concern it.

Bills know nothing of collections; here they meet. A plan that runs is shown on the bills it pays and on those that came since.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing import queries as bills
from core.billing.model import Bill, Instalment, ServicePlan
from core.collections import queries
from core.context import Context


async def bill(
    conn: AsyncConnection, *, invoice_id: int | None = None, token: str | None = None, context: Context | None = None
) -> Bill | None:
    """See `core.billing.queries.bill`."""
    match = await bills.bill(conn, invoice_id=invoice_id, token=token, context=context)
    if match is None or match.corrects:
        return match
    plan = await queries.running(conn, match.account_id)
    if plan is None or plan.kind != "plan":
        return match
    covers = match.invoice_id in await queries.covered(conn, [match.account_id])
    if not covers and (match.issued_on is None or match.issued_on < plan.agreed_on):
        return match
    left = (await queries.left(conn, [plan.id]))[plan.id]
    dues = [(one.due_on, one.amount_minor) for one in await queries.instalments(conn, plan.id)]
    return replace(match, plan=ServicePlan(spread(dues, plan.total_minor - left), covers))


def spread(dues: Sequence[tuple[date, int]], paid_minor: int) -> tuple[Instalment, ...]:
    """The instalments with what is left of each: what was paid goes to the earliest first. Pure."""
    result = []
    for due_on, minor in dues:
        part = min(minor, max(0, paid_minor))
        paid_minor -= part
        result.append(Instalment(due_on, minor, minor - part))
    return tuple(result)
