"""A problem told from anywhere becomes a ticket: once for one key, once for one trouble of one person, linked to a known outage."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care import outages, store
from core.care.model import MOVES, SEVERITY, SUPPLY, UNSOLVED, Ticket
from core.care.queries import by_id, by_reference, tickets_of
from core.care.tables import ticket
from core.context import Context
from core.db import idempotency
from core.errors import Refused
from core.outbox import queue
from core.parties.tables import account, premise, service

__all__ = ["by_id", "by_reference", "move", "open_ticket", "reply", "tickets_of"]

LONGEST = 1_000
"""Letters of a description that are kept."""


async def open_ticket(
    conn: AsyncConnection,
    context: Context,
    *,
    key: str,
    kind: str,
    contact_id: int | None,
    account_id: int | None = None,
    premise_id: int | None = None,
    description: str = "",
    severity: str | None = None,
    actor: str | None = None,
) -> Ticket:
    """Open a ticket; the same `key` gets the first one, and so does the same person with the same trouble at the same place."""
    known = await store.by_key(conn, key)
    if known is not None:
        return known
    by = actor or f"customer:{contact_id}"
    standing = await _standing(conn, kind, contact_id, premise_id)
    if standing is not None:
        if await idempotency.first_time(conn, f"ticket-again:{key}", context.clock.now()):
            await store.happened(conn, context, [standing.id], by, "reported_again", description=description[:LONGEST])
        return standing
    place = await _place(conn, account_id, premise_id)
    outage = None
    if kind in SUPPLY and place.get("area"):
        outage = await outages.known(conn, context, area=place["area"], commodity=place["commodity"])
    values = {
        "kind": kind,
        "severity": severity or SEVERITY.get(kind, "normal"),
        "contact_id": contact_id,
        "account_id": account_id,
        "premise_id": premise_id,
        "branch_id": place.get("branch_id"),
        "description": description[:LONGEST],
        "outage_id": outage.id if outage else None,
    }
    result, new = await store.add(conn, context, key, values)
    if new:
        await store.happened(conn, context, [result.id], by, "opened", description=description[:LONGEST])
        if outage:
            await store.happened(conn, context, [result.id], by, "linked", outage=str(outage.id))
    return result


async def _standing(conn: AsyncConnection, kind: str, contact_id: int | None, premise_id: int | None) -> Ticket | None:
    """The unsolved ticket of this person about this trouble of the supply at this place."""
    if kind not in SUPPLY or contact_id is None or premise_id is None:
        return None
    query = select(*store.COLUMNS).where(
        ticket.c.contact_id == contact_id,
        ticket.c.premise_id == premise_id,
        ticket.c.kind == kind,
        ticket.c.state.in_(UNSOLVED),
    )
    row = (await conn.execute(query.order_by(ticket.c.id).limit(1))).first()
    return Ticket(*row) if row else None


async def _place(conn: AsyncConnection, account_id: int | None, premise_id: int | None) -> dict[str, Any]:
    """Area, supply and branch of where it is."""
    if premise_id is not None:
        query = (
            select(premise.c.area, premise.c.branch_id, service.c.commodity)
            .join(service, service.c.premise_id == premise.c.id)
            .where(premise.c.id == premise_id)
            .order_by(service.c.id)
        )
        row = (await conn.execute(query.limit(1))).first()
        return {} if row is None else {"area": row.area, "branch_id": row.branch_id, "commodity": row.commodity}
    if account_id is not None:
        branch = await conn.execute(select(account.c.branch_id).where(account.c.id == account_id))
        return {"branch_id": branch.scalar_one_or_none()}
    return {}


async def reply(conn: AsyncConnection, context: Context, ticket_id: int, *, actor: str, text: str) -> None:
    """A word on the ticket, of the customer or of a clerk; a clerk's word goes to whoever reported it."""
    match = await _held(conn, ticket_id)
    await store.happened(conn, context, [match.id], actor, "replied", text=text[:LONGEST])
    if actor.startswith("customer:"):
        if match.state == "waiting":
            await store.stand(conn, context, [match.id], "open")
        return
    await _tell(conn, context, match, "ticket.replied", text=text[:LONGEST])


async def move(
    conn: AsyncConnection, context: Context, ticket_id: int, to: str, *, actor: str, note: str = "", tell: bool = True
) -> Ticket:
    """Put a ticket where it stands now; refuses what may not follow, and tells the customer when it is solved.

    `tell=False`: the caller has a better word for them.
    """
    match = await _held(conn, ticket_id)
    if to == match.state:
        return match
    if to not in MOVES[match.state]:
        raise Refused("ticket.no_such_move", state=match.state, to=to)
    kind = "reopened" if to == "open" and match.state == "solved" else to
    await store.happened(conn, context, [match.id], actor, kind, note=note[:LONGEST])
    await store.stand(conn, context, [match.id], to)
    if to == "solved" and tell:
        await _tell(conn, context, match, "ticket.solved")
    moved = await by_id(conn, ticket_id)
    return moved or match


async def _held(conn: AsyncConnection, ticket_id: int) -> Ticket:
    row = (await conn.execute(select(*store.COLUMNS).where(ticket.c.id == ticket_id).with_for_update())).first()
    if row is None:
        raise Refused("ticket.unknown", status=404)
    return Ticket(*row)


async def _tell(conn: AsyncConnection, context: Context, about: Ticket, template: str, **params: Any) -> None:
    """One message about a ticket, in the transaction of what it tells of, which happens once."""
    await queue.enqueue(
        conn,
        context,
        key=f"{template}:{about.id}:{context.ids.take()}",
        kind="notice",
        template=template,
        params={"reference": about.reference, **params},
        contact_id=about.contact_id,
        account_id=about.account_id,
        subject_id=about.id,
    )
