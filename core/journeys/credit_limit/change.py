"""An account gets a limit of its own, or the rule's again: its exposure is compared with it at once, and a restriction may end."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals.model import Approval
from core.collections import own_limit
from core.context import Context
from core.journeys.credit_limit import exposure
from core.numbers import UNSTATED, Notation


async def change(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    told: str,
    *,
    reason: str,
    actor: str,
    notation: Notation = UNSTATED,
) -> int | None:
    """Give it (see `own_limit.ask`); the approval it waits for, None when it holds."""
    approval_id = await own_limit.ask(conn, context, account_id, told, reason=reason, actor=actor, notation=notation)
    if approval_id is None:
        await exposure.look(conn, context, account_id)
    return approval_id


async def agreed(conn: AsyncConnection, context: Context, found: Approval) -> None:
    """Another person has agreed."""
    await exposure.look(conn, context, await own_limit.granted(conn, context, found))
