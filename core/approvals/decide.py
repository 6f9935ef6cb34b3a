"""Ask for another person's agreement, and decide. Whoever asked may not decide, and what was edited since is not what was seen.

Deciding only says yes or no: the room that asked carries it out, in the same transaction (`core/journeys/approved.py`).
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.approvals.model import GRANTED, REFUSED, WAITING, Approval, seal, why_not
from core.approvals.tables import approval
from core.audit import trail
from core.context import Context
from core.errors import Refused

_COLUMNS = [approval.c[field.name] for field in fields(Approval)]


async def ask(
    conn: AsyncConnection,
    context: Context,
    *,
    kind: str,
    subject: str,
    payload: Mapping[str, Any],
    maker: str,
    branch_id: int | None = None,
    days: int = 7,
) -> int:
    """Let something wait for a second person; its id. `payload` holds all that will be done, in JSON values, and no secret."""
    approval_id, now = context.ids.take(), context.clock.now()
    await conn.execute(
        insert(approval).values(
            id=approval_id,
            kind=kind,
            subject=subject,
            payload=dict(payload),
            seal=seal(payload),
            maker=maker,
            branch_id=branch_id,
            state=WAITING,
            made_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    await trail.note(conn, context, maker, "approval.asked", f"approval:{approval_id}", kind=kind, about=subject)
    return approval_id


async def decide(
    conn: AsyncConnection, context: Context, approval_id: int, *, checker: str, seen: str, yes: bool, note: str = ""
) -> Approval:
    """Grant or refuse; what was decided about. `Refused` when this person may not, or not any more, or not about this."""
    query = select(*_COLUMNS).where(approval.c.id == approval_id).with_for_update()
    row = (await conn.execute(query)).first()
    if row is None:
        raise Refused("approvals.unknown", status=404)
    found = _read(row)
    if why := why_not(found, checker, seen, context.clock.now()):
        raise Refused(why, status=409)
    state = GRANTED if yes else REFUSED
    decided = update(approval).where(approval.c.id == approval_id)
    await conn.execute(decided.values(state=state, checker=checker, note=note or None, decided_at=context.clock.now()))
    await trail.note(conn, context, checker, f"approval.{state}", f"approval:{approval_id}", about=found.subject)
    return found


async def ask_once(
    conn: AsyncConnection,
    context: Context,
    *,
    kind: str,
    subject: str,
    payload: Mapping[str, Any],
    maker: str,
    branch_id: int | None = None,
) -> int:
    """As `ask`; `Refused` while the same thing about the same subject waits already."""
    if any(one.kind == kind for one in await of_subject(conn, context, subject)):
        raise Refused("approvals.asked")
    return await ask(conn, context, kind=kind, subject=subject, payload=payload, maker=maker, branch_id=branch_id)


async def of_subject(conn: AsyncConnection, context: Context, subject: str) -> list[Approval]:
    """What waits about one subject, the oldest first."""
    alive = (approval.c.state == WAITING) & (approval.c.expires_at > context.clock.now())
    query = select(*_COLUMNS).where(approval.c.subject == subject, alive)
    return [_read(row) for row in await conn.execute(query.order_by(approval.c.id))]


async def waiting(conn: AsyncConnection, *, branch_id: int | None = None) -> list[Approval]:
    """What waits, the oldest first; of one branch, or of the whole house."""
    query = select(*_COLUMNS).where(approval.c.state == WAITING).order_by(approval.c.made_at, approval.c.id)
    if branch_id is not None:
        query = query.where(approval.c.branch_id == branch_id)
    return [_read(row) for row in await conn.execute(query)]


async def decided(
    conn: AsyncConnection, now: datetime, *, branch_id: int | None = None, limit: int = 50
) -> list[Approval]:
    """What was decided, or ran out of time, the latest first; of one branch, or of the whole house."""
    over = (approval.c.state != WAITING) | (approval.c.expires_at <= now)
    query = select(*_COLUMNS).where(over).order_by(approval.c.made_at.desc(), approval.c.id.desc()).limit(limit)
    if branch_id is not None:
        query = query.where(approval.c.branch_id == branch_id)
    return [_read(row) for row in await conn.execute(query)]


def _read(row: Row[Any]) -> Approval:
    return Approval(**row._asdict())
