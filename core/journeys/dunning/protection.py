"""Somebody must not be restricted: what was restricted is lifted in the same transaction."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from core.collections import protect
from core.context import Context
from core.journeys.dunning import restore


async def register(
    conn: AsyncConnection,
    context: Context,
    account_id: int,
    kind: str,
    *,
    reason: str,
    actor: str,
    until: date | None = None,
) -> None:
    """Protect an account, and what follows."""
    await protect.register(conn, context, account_id, kind, reason=reason, actor=actor, until=until)
    await restore.reconsider(conn, context, account_id, f"protected:{kind}")
