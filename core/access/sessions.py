"""A person's sitting at the console: a random cookie (kept as a digest), a CSRF token, and an end.

The session ends after `LASTS` whatever happens: a clerk signs in once a working day.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import secrets as kept
from core.access.model import Who
from core.access.tables import staff, staff_session
from core.context import Context

LASTS = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class Sitting:
    """Someone is signed in: who, and the token that every form of theirs must carry."""

    who: Who
    csrf: str


async def open_session(conn: AsyncConnection, context: Context, who: Who) -> str:
    """A new sitting of `who`; the cookie's value, which is not kept. Sittings that are over are cleared away."""
    now = context.clock.now()
    await conn.execute(delete(staff_session).where(staff_session.c.expires_at <= now))
    row = (await conn.execute(select(staff.c.id).where(staff.c.name == who.actor.removeprefix("user:")))).one()
    cookie = kept.fresh()
    values = {"hash": kept.digest(cookie), "staff_id": row.id, "csrf": kept.fresh(), "expires_at": now + LASTS}
    await conn.execute(insert(staff_session).values(**values))
    return cookie


async def sitting(conn: AsyncConnection, context: Context, cookie: str) -> Sitting | None:
    """Whose cookie this is, with the role the person has now; None if it is unknown or over."""
    query = select(staff.c.name, staff.c.role, staff.c.branch, staff_session.c.csrf).join(
        staff, staff.c.id == staff_session.c.staff_id
    )
    alive = (staff_session.c.hash == kept.digest(cookie)) & (staff_session.c.expires_at > context.clock.now())
    row = (await conn.execute(query.where(alive, staff.c.disabled_at.is_(None)))).first()
    return Sitting(Who(f"user:{row.name}", row.role, row.branch), row.csrf) if row else None


async def close_session(conn: AsyncConnection, cookie: str) -> None:
    """End the sitting of this cookie."""
    await conn.execute(delete(staff_session).where(staff_session.c.hash == kept.digest(cookie)))


async def close_all(conn: AsyncConnection, staff_id: int) -> int:
    """End every sitting of a person; how many there were."""
    return (await conn.execute(delete(staff_session).where(staff_session.c.staff_id == staff_id))).rowcount
