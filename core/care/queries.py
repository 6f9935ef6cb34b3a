"""Answers about tickets, outages and disputes: for the customer, the clerk and the page of one customer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.care.model import UNSOLVED, Dispute, Happened, Ticket
from core.care.reference import read
from core.care.store import COLUMNS
from core.care.tables import dispute as disputes
from core.care.tables import ticket, ticket_event


async def tickets_of(
    conn: AsyncConnection,
    *,
    contact_id: int | None = None,
    account_id: int | None = None,
    open_only: bool = False,
    limit: int = 20,
) -> list[Ticket]:
    """The tickets of a contact or of an account, newest first."""
    query = select(*COLUMNS)
    if contact_id is not None:
        query = query.where(ticket.c.contact_id == contact_id)
    if account_id is not None:
        query = query.where(ticket.c.account_id == account_id)
    if contact_id is None and account_id is None:
        return []
    if open_only:
        query = query.where(ticket.c.state.in_(UNSOLVED))
    rows = await conn.execute(query.order_by(ticket.c.opened_at.desc(), ticket.c.id.desc()).limit(limit))
    return [Ticket(*row) for row in rows]


async def by_reference(conn: AsyncConnection, reference: str) -> Ticket | None:
    """The ticket a person reads out, however it is spaced; None for a wrong check digit and for one we never gave."""
    meant = read(reference)
    if meant is None:
        return None
    row = (await conn.execute(select(*COLUMNS).where(ticket.c.reference == meant))).first()
    return Ticket(*row) if row else None


async def by_id(conn: AsyncConnection, ticket_id: int) -> Ticket | None:
    """One ticket."""
    row = (await conn.execute(select(*COLUMNS).where(ticket.c.id == ticket_id))).first()
    return Ticket(*row) if row else None


async def log_of(conn: AsyncConnection, ticket_id: int) -> list[Happened]:
    """All that happened to a ticket, oldest first."""
    rows = await conn.execute(
        select(ticket_event.c.at, ticket_event.c.actor, ticket_event.c.kind, ticket_event.c.details)
        .where(ticket_event.c.ticket_id == ticket_id)
        .order_by(ticket_event.c.id)
    )
    return [Happened(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which tickets of the queue are meant; None: all of them."""

    states: Sequence[str] = ("open",)
    severity: str | None = None
    kind: str | None = None
    branch_id: int | None = None
    outage: bool | None = None
    """Only those that a known outage explains, or only the others."""


def _chosen(wanted: Chosen) -> Sequence[ColumnElement[bool]]:
    t = ticket.c
    found: list[ColumnElement[bool]] = [t.state.in_(wanted.states)]
    for column, value in ((t.severity, wanted.severity), (t.kind, wanted.kind), (t.branch_id, wanted.branch_id)):
        if value is not None:
            found.append(column == value)
    if wanted.outage is not None:
        found.append(t.outage_id.is_not(None) if wanted.outage else t.outage_id.is_(None))
    return found


async def queue(
    conn: AsyncConnection, wanted: Chosen | None = None, *, offset: int = 0, limit: int = 50
) -> list[Ticket]:
    """A page of what waits for a clerk: the gravest of all first, then the oldest. The words of severity sort as they weigh."""
    order = (ticket.c.severity, ticket.c.opened_at, ticket.c.id)
    query = select(*COLUMNS).where(*_chosen(wanted or Chosen())).order_by(*order).offset(offset).limit(limit)
    return [Ticket(*row) for row in await conn.execute(query)]


async def waiting_by(conn: AsyncConnection, wanted: Chosen) -> tuple[dict[str, int], dict[str, int]]:
    """How many are meant by severity, and by kind."""
    query = select(ticket.c.severity, ticket.c.kind, func.count()).where(*_chosen(wanted))
    severities: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for severity, kind, count in await conn.execute(query.group_by(ticket.c.severity, ticket.c.kind)):
        severities[severity] += count
        kinds[kind] += count
    return dict(severities), dict(sorted(kinds.items()))


async def dispute_of_ticket(conn: AsyncConnection, ticket_id: int) -> Dispute | None:
    """The dispute that a ticket follows."""
    return await _dispute(conn, disputes.c.ticket_id == ticket_id)


async def _dispute(conn: AsyncConnection, chosen: ColumnElement[bool]) -> Dispute | None:
    columns = [disputes.c[name] for name in Dispute.__dataclass_fields__]
    row = (await conn.execute(select(*columns).where(chosen).order_by(disputes.c.id).limit(1))).first()
    return Dispute(*row) if row else None
