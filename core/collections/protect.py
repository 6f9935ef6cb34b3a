"""Who is not to be restricted, and why: registered and ended by a person, for ever in the audit. Which kinds bind is the ladder's."""

from datetime import date

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.collections.tables import protection
from core.context import Context
from core.db.engine import insert
from core.errors import Refused


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
    """Protect an account; what follows is `journeys/protection_registered`."""
    row = {
        "id": context.ids.take(),
        "account_id": account_id,
        "kind": kind,
        "open_key": f"{account_id}:{kind}",
        "until": until,
        "reason": reason,
        "actor": actor,
        "at": context.clock.now(),
    }
    statement = insert(conn, protection).values(row).on_conflict_do_nothing(index_elements=["open_key"])
    if (await conn.execute(statement)).rowcount != 1:
        raise Refused("collections.protected")
    await trail.note(conn, context, actor, "account.protected", f"account:{account_id}", kind=kind, reason=reason)


async def end(conn: AsyncConnection, context: Context, account_id: int, kind: str, *, actor: str) -> bool:
    """It does not hold any more: the ladder goes on with fresh notice. False: there was none."""
    changed = update(protection).where(protection.c.open_key == f"{account_id}:{kind}")
    ended = await conn.execute(changed.values(open_key=None, ended_at=context.clock.now()))
    if ended.rowcount:
        await trail.note(conn, context, actor, "account.unprotected", f"account:{account_id}", kind=kind)
    return ended.rowcount > 0
