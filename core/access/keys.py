"""API keys: made once, shown once, revoked for good.

A key reads `hodi_PREFIX_SECRET`. The prefix finds the row and may be shown in lists; of the whole only a digest is stored.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import secrets as kept
from core.access.model import Who
from core.access.staff import known_role
from core.access.tables import api_key
from core.audit import trail
from core.context import Context
from core.errors import Refused

_SHAPE = re.compile(r"hodi_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as lists show it: never its secret."""

    id: int
    prefix: str
    role: str
    branch: str | None
    created_at: datetime
    revoked_at: datetime | None


async def create_key(
    conn: AsyncConnection, context: Context, role: str, branch: str | None = None, *, actor: str = "job:cli"
) -> str:
    """A new key for `role`: this text is the only time anybody sees it. Refused: an unknown role."""
    known_role(role)
    prefix = secrets.token_hex(6)
    whole = f"hodi_{prefix}_{kept.fresh()}"
    row = {"id": context.ids.take(), "prefix": prefix, "hash": kept.digest(whole), "role": role, "branch": branch}
    await conn.execute(insert(api_key).values(**row, created_at=context.clock.now()))
    await trail.note(conn, context, actor, "key.created", f"key:{prefix}", role=role, branch=branch)
    return whole


async def who(conn: AsyncConnection, context: Context, key: str) -> Who | None:
    """Whose key this is; None for a key that is malformed, unknown or revoked."""
    shape = _SHAPE.fullmatch(key)
    if not shape:
        return None
    query = select(api_key).where(api_key.c.prefix == shape[1], living(context.clock.now()))
    row = (await conn.execute(query)).first()
    if row is None or not kept.same(row.hash, kept.digest(key)):
        return None
    return Who(f"key:{row.prefix}", row.role, row.branch)


async def revoke_key(conn: AsyncConnection, context: Context, prefix: str, actor: str, why: str = "") -> bool:
    """End a key for good, known by its prefix; False if there is no such living key."""
    now = context.clock.now()
    ended = update(api_key).where(api_key.c.prefix == prefix, living(now)).values(revoked_at=now)
    done = (await conn.execute(ended)).rowcount == 1
    if done:
        await trail.note(conn, context, actor, "key.revoked", f"key:{prefix}", why=why)
    return done


async def rotate_key(
    conn: AsyncConnection, context: Context, prefix: str, actor: str, *, keep: timedelta = timedelta(0), why: str = ""
) -> str:
    """A new key with the role and branch of this one, which ends after `keep`: until then both are valid. Refused `access.key`."""
    now = context.clock.now()
    query = select(api_key.c.role, api_key.c.branch).where(api_key.c.prefix == prefix, living(now))
    old = (await conn.execute(query.with_for_update())).first()
    if old is None:
        raise Refused("access.key", status=404, prefix=prefix[:20])
    result = await create_key(conn, context, old.role, old.branch, actor=actor)
    await conn.execute(update(api_key).where(api_key.c.prefix == prefix).values(revoked_at=now + keep))
    form = {"by": result.split("_")[1], "until": (now + keep).isoformat(), "why": why}
    await trail.note(conn, context, actor, "key.rotated", f"key:{prefix}", **form)
    return result


def living(now: datetime) -> ColumnElement[bool]:
    """Of a key: not revoked yet (one that was rotated lives on for a while)."""
    return or_(api_key.c.revoked_at.is_(None), api_key.c.revoked_at > now)


async def keys(conn: AsyncConnection) -> list[Key]:
    """All keys, the newest first."""
    columns = [api_key.c[name] for name in Key.__dataclass_fields__]
    rows = await conn.execute(select(*columns).order_by(api_key.c.created_at.desc(), api_key.c.id.desc()))
    return [Key(*row) for row in rows]
