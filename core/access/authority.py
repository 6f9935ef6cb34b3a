"""Who somebody is at this moment: a request may have begun before the person was disabled, moved or the key revoked.

The guard asks when a request comes; whoever looks something up to act on it asks again, in the transaction that acts.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access.keys import living
from core.access.model import Who
from core.access.tables import api_key, staff
from core.context import Context
from core.errors import Refused


async def now(conn: AsyncConnection, context: Context, who: Who) -> Who:
    """The same person or key with the role and branch they have now. Refused `access.gone` when they may do nothing any more."""
    kind, _, name = who.actor.partition(":")
    if kind == "key":
        query = select(api_key.c.role, api_key.c.branch).where(api_key.c.prefix == name, living(context.clock.now()))
    else:
        query = select(staff.c.role, staff.c.branch).where(staff.c.name == name, staff.c.disabled_at.is_(None))
    row = (await conn.execute(query)).first()
    if row is None:
        raise Refused("access.gone", status=403)
    return Who(who.actor, row.role, row.branch)
