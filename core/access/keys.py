"""API keys: made once, shown once, revoked for good.

A key reads `hodi_PREFIX_SECRET`. The prefix finds the row and may be shown in lists; of the whole only a digest is stored.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core import audit
from core.access import secrets as kept
from core.access.model import ROLES, Who
from core.access.tables import api_key
from core.errors import Refused
from core.house import House

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


async def create_key(conn: AsyncConnection, house: House, role: str, branch: str | None = None) -> str:
    """A new key for `role`: this text is the only time anybody sees it. Refused: an unknown role."""
    if role not in ROLES:
        raise Refused("access.role", role=role, roles=", ".join(ROLES))
    prefix = secrets.token_hex(6)
    whole = f"hodi_{prefix}_{kept.fresh()}"
    row = {"id": house.ids.take(), "prefix": prefix, "hash": kept.digest(whole), "role": role, "branch": branch}
    await conn.execute(insert(api_key).values(**row, created_at=house.clock.now()))
    await audit.note(conn, house, "job:cli", "key.created", f"key:{prefix}", role=role, branch=branch)
    return whole


async def who(conn: AsyncConnection, key: str) -> Who | None:
    """Whose key this is; None for a key that is malformed, unknown or revoked."""
    shape = _SHAPE.fullmatch(key)
    if not shape:
        return None
    row = (await conn.execute(select(api_key).where(api_key.c.prefix == shape[1]))).first()
    if row is None or not kept.same(row.hash, kept.digest(key)) or row.revoked_at is not None:
        return None
    return Who(f"key:{row.prefix}", row.role, row.branch)


async def revoke_key(conn: AsyncConnection, house: House, prefix: str, actor: str) -> bool:
    """End a key for good; False if there is no such living key."""
    statement = (
        update(api_key)
        .where(api_key.c.prefix == prefix, api_key.c.revoked_at.is_(None))
        .values(revoked_at=house.clock.now())
    )
    done = (await conn.execute(statement)).rowcount == 1
    if done:
        await audit.note(conn, house, actor, "key.revoked", f"key:{prefix}")
    return done


async def keys(conn: AsyncConnection) -> list[Key]:
    """All keys, the newest first."""
    columns = [api_key.c[name] for name in Key.__dataclass_fields__]
    rows = await conn.execute(select(*columns).order_by(api_key.c.created_at.desc(), api_key.c.id.desc()))
    return [Key(*row) for row in rows]
