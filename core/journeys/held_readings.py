"""A person has looked at a held reading: it counts, another counts in its place, or the meter is read again; then bills go on.

What the month waited for is there, so the next run takes it up. A reading that the customer sent ends with a word to them, and their ticket
with it; one that has to be read again opens a ticket for whoever reads meters.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.run import parked
from core.care import tickets
from core.care.model import UNSOLVED
from core.care.tables import ticket
from core.context import Context
from core.errors import Refused
from core.metering.self_read import CUSTOMER
from core.metering.units import MICRO
from core.metering.vee import held
from core.metering.vee.held import ReadingHeld
from core.outbox import queue

LONGEST = 300


async def accept(
    conn: AsyncConnection,
    context: Context,
    reading_id: int,
    *,
    actor: str,
    sure: bool = False,
) -> ReadingHeld:
    """It counts as it was read."""
    match = await held.one(conn, reading_id, lock=True)
    await held.accept(conn, context, match, sure=sure, actor=actor)
    await _goes_on(conn, context, match, "reading.accepted", actor, value=shown(match.value_micro, match.unit))
    return match


async def put_instead(
    conn: AsyncConnection,
    context: Context,
    reading_id: int,
    value_micro: int,
    *,
    reason: str,
    actor: str,
    sure: bool = False,
) -> ReadingHeld:
    """Another value counts."""
    match = await held.one(conn, reading_id, lock=True)
    if not reason.strip():
        raise Refused("parked.no_reason", status=400)
    await held.put_instead(conn, context, match, value_micro, sure=sure, reason=reason.strip(), actor=actor)
    answer = {"value": shown(match.value_micro, match.unit), "instead": shown(value_micro, match.unit)}
    await _goes_on(conn, context, match, "reading.replaced", actor, **answer)
    return match


async def order_again(conn: AsyncConnection, context: Context, reading_id: int, *, actor: str, note: str = "") -> str:
    """Have the meter read again; the reference of the ticket that says so."""
    found = await held.one(conn, reading_id, lock=True)
    await held.order(conn, context, found, actor)
    words = f"Read meter {found.serial} again. {found.reason or ''} {note.strip()[:LONGEST]}".strip()
    opened = await tickets.open_ticket(
        conn,
        context,
        key=f"read-again:{found.id}",
        kind="read_again",
        contact_id=None,
        account_id=found.account_id,
        description=words,
        actor=actor,
    )
    await _tell(conn, context, found, "reading.ordered", value=shown(found.value_micro, found.unit))
    return opened.reference


async def _goes_on(
    conn: AsyncConnection, context: Context, found: ReadingHeld, template: str, actor: str, **said: str
) -> None:
    if found.account_id is not None:
        await parked.woken(conn, [found.account_id])
    ids = await _tickets(conn, found)
    for ticket_id in ids:
        await tickets.move(conn, context, ticket_id, "solved", actor=actor, note=template, tell=False)
    await _tell(conn, context, found, template, **said)


async def _tickets(conn: AsyncConnection, found: ReadingHeld) -> list[int]:
    """The unsolved tickets of this reading: the customer's, and that of who reads again."""
    mine = (ticket.c.id == (found.ticket_id or 0)) | (ticket.c.effect_key == f"read-again:{found.id}")
    rows = await conn.execute(select(ticket.c.id).where(mine, ticket.c.state.in_(UNSOLVED)).order_by(ticket.c.id))
    return list(rows.scalars())


async def _tell(conn: AsyncConnection, context: Context, found: ReadingHeld, template: str, **said: str) -> None:
    """A word to the customer who sent it; who sent nothing waits for nothing."""
    if found.source != CUSTOMER or found.account_id is None:
        return
    about = (
        await conn.execute(select(ticket.c.contact_id).where(ticket.c.id == (found.ticket_id or 0)))
    ).scalar_one_or_none()
    await queue.enqueue(
        conn,
        context,
        key=f"{template}:{found.id}",
        kind="notice",
        template=template,
        params={"serial": found.serial, **said},
        contact_id=about,
        account_id=found.account_id,
        subject_id=found.id,
    )


def shown(micro: int, unit: str) -> str:
    """A reading as it is said: without a notation that could be read two ways."""
    whole, part = divmod(micro, MICRO)
    text = f"{whole}.{part:06d}".rstrip("0").rstrip(".")
    return f"{text} {unit}"
