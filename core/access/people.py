"""What becomes of a person of the console: disabled, enabled, given a new password or another role.

Each change is audited with who did it and why, and ends every sitting of theirs. The last admin who sees the whole house stays:
without one nobody could let anybody in again but by the command.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import attempts, sessions
from core.access.staff import NAME, hashed_password, known_role
from core.access.tables import staff
from core.audit import trail
from core.context import Context
from core.errors import Refused

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as lists show them: never what is kept of a password."""

    name: str
    role: str
    branch: str | None
    created_at: datetime
    disabled_at: datetime | None
    locked_until: datetime | None


async def people(conn: AsyncConnection) -> list[Person]:
    """Everybody who has a name for the console, by name."""
    columns = [staff.c[name] for name in Person.__dataclass_fields__]
    return [Person(*row) for row in await conn.execute(select(*columns).order_by(staff.c.name))]


async def person(conn: AsyncConnection, name: str) -> Person:
    """One of them. Refused `access.nobody`."""
    rows = [one for one in await people(conn) if one.name == name.strip().lower()]
    if not rows:
        raise Refused("access.nobody", status=404, name=name.strip()[:60])
    return rows[0]


async def disable(conn: AsyncConnection, context: Context, name: str, *, actor: str, why: str = "") -> None:
    """From now on this person may do nothing. Refused: an unknown name, the last admin."""
    them = await _held(conn, name)
    await _not_the_last(conn, them)
    if them.disabled_at is None:
        await _change(conn, context, them, actor, "staff.disabled", why, disabled_at=context.clock.now())


async def enable(conn: AsyncConnection, context: Context, name: str, *, actor: str, why: str = "") -> None:
    """Back again, with the password and the role there was."""
    them = await _held(conn, name)
    if them.disabled_at is not None:
        values: dict[str, Any] = {"disabled_at": None, "locked_until": None}
        await _change(conn, context, them, actor, "staff.enabled", why, **values)


async def reset(
    conn: AsyncConnection, context: Context, name: str, password: str, *, actor: str, why: str = ""
) -> None:
    """A new password; a lock after wrong tries is over. Whoever is disabled stays so."""
    them = await _held(conn, name)
    values: dict[str, Any] = {"hash": await hashed_password(password), "locked_until": None}
    await _change(conn, context, them, actor, "staff.reset", why, **values)


async def change_role(
    conn: AsyncConnection, context: Context, name: str, role: str, branch: str | None, *, actor: str, why: str = ""
) -> None:
    """Another role, or another branch (None: the whole house). Refused: an unknown role, the last admin."""
    known_role(role)
    them = await _held(conn, name)
    if (them.role, them.branch) == (role, branch):
        return
    if role != ADMIN or (branch is not None and them.branch is None):
        await _not_the_last(conn, them)
    text = {"role": role, "branch": branch, "before": f"{them.role} {them.branch or ''}".strip()}
    await _change(conn, context, them, actor, "staff.role", why, told=text, role=role, branch=branch)


async def _held(conn: AsyncConnection, name: str) -> Row[Any]:
    """The person, held. Every admin is held too, always in the same order: two who disable each other do it one after the other."""
    await conn.execute(select(staff.c.id).where(staff.c.role == ADMIN).order_by(staff.c.id).with_for_update())
    found = (await conn.execute(select(staff).where(staff.c.name == name.strip().lower()).with_for_update())).first()
    if found is None:
        raise Refused("access.nobody", status=404, name=name.strip()[:60])
    return found


async def _not_the_last(conn: AsyncConnection, them: Row[Any]) -> None:
    if them.role != ADMIN or them.disabled_at is not None:
        return
    others = select(staff.c.id).where(staff.c.role == ADMIN, staff.c.disabled_at.is_(None), staff.c.id != them.id)
    if them.branch is None:
        others = others.where(staff.c.branch.is_(None))
    if (await conn.execute(others.limit(1))).first() is None:
        raise Refused("access.last_admin", name=them.name)


async def _change(
    conn: AsyncConnection,
    context: Context,
    them: Row[Any],
    actor: str,
    action: str,
    why: str,
    *,
    told: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    await conn.execute(update(staff).where(staff.c.id == them.id).values(values))
    ended = await sessions.close_all(conn, them.id)
    if "locked_until" in values:
        await attempts.give_back(conn, NAME, them.name)
    await trail.note(conn, context, actor, action, f"user:{them.name}", why=why, ended=ended, **(told or {}))
