"""Another SIM card under a number, or a chat that moved to another number: trust that hung on the number cools down.

A thief who gets a new card for a stolen number receives its one-time codes at once. For `COOLING_HOURS` after such a change nothing
that moves money or changes where it goes is done on the word of that number alone (docs: reliability, SIM swap). The network is
asked by the outbox (`ask`) and answers later, naming only our question.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.clock import start_of
from core.context import App, Context
from core.db.engine import insert
from core.errors import Refused
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.parties.model import LEFT, SWAP
from core.parties.tables import contact, contact_account, sim_change, sim_question
from core.parties.unlink import part
from core.phone import from_provider, subscriber

COOLING_HOURS = 72
KIND = "sim"
"""Of the outbox rows that put the question to the network."""

Question = Callable[[str], Awaitable[str | None]]
"""`(phone)`: puts the question; the provider's id of it, or None when it could not be put."""


async def sim_changed_within(
    conn: AsyncConnection, context: Context, contact_id: int, hours: int = COOLING_HOURS
) -> bool:
    """Whether the number behind this contact got another SIM, or another chat, in the last `hours`: then refuse what moves money."""
    since = context.clock.now() - timedelta(hours=hours)
    number = func.coalesce(contact.c.subscriber, contact.c.phone, contact.c.channel_user)
    changed = exists().where(sim_change.c.phone == number, sim_change.c.changed_at > since)
    return (await conn.execute(select(contact.c.id).where(contact.c.id == contact_id, changed))).first() is not None


async def swapped(conn: AsyncConnection, context: Context, contact_id: int) -> bool:
    """Whether another SIM came under the number of this contact in the last `COOLING_HOURS`: then the number, and what was opened with
    it, proves nobody. (A number that a clerk put on file just now moves no money, but is its owner's all the same.)"""
    since = context.clock.now() - timedelta(hours=COOLING_HOURS)
    c = sim_change.c
    changed = exists().where(
        c.phone == func.coalesce(contact.c.phone, contact.c.channel_user), c.kind == SWAP, c.changed_at > since
    )
    return (await conn.execute(select(contact.c.id).where(contact.c.id == contact_id, changed))).first() is not None


async def cooling_until(conn: AsyncConnection, context: Context, account_id: int) -> datetime | None:
    """Until when a number of this account cools down; None: none of them does."""
    number = func.coalesce(contact.c.subscriber, contact.c.phone, contact.c.channel_user)
    query = (
        select(func.max(sim_change.c.changed_at))
        .select_from(contact_account)
        .join(contact, contact.c.id == contact_account.c.contact_id)
        .join(sim_change, sim_change.c.phone == number)
        .where(contact_account.c.account_id == account_id)
    )
    last = (await conn.execute(query)).scalar()
    until = last + timedelta(hours=COOLING_HOURS) if last else None
    return until if until and until > context.clock.now() else None


async def hold(conn: AsyncConnection, context: Context, account_id: int) -> None:
    """`Refused` while a number of this account cools down: no money goes out, and nothing changes where it would go."""
    until = await cooling_until(conn, context, account_id)
    if until is not None:
        raise Refused("desk.sim_changed", until=f"{until.astimezone(context.zone):%Y-%m-%d %H:%M}")


async def ask(conn: AsyncConnection, context: Context, contact_id: int, key: str) -> bool:
    """Ask the network about the SIM behind this contact, once for each `key`; False: asked already, or she has no number."""
    row = (await conn.execute(select(contact.c.phone).where(contact.c.id == contact_id))).first()
    if row is None or row.phone is None:
        return False
    return await queue.enqueue(
        conn,
        context,
        key=f"sim:{key}",
        kind=KIND,
        template=KIND,
        contact_id=contact_id,
        params={"phone": row.phone},
        priority=queue.CODE,
    )


async def asked(conn: AsyncConnection, context: Context, request: str, phone: str) -> None:
    """The network took the question; its answer will name `request`."""
    row = {"request": request, "phone": phone, "asked_at": context.clock.now()}
    await conn.execute(insert(conn, sim_question).values(row).on_conflict_do_nothing(index_elements=["request"]))


def handler(put: Question) -> Callable[[App, OutboxRow], Awaitable[Outcome]]:
    """What the dispatcher does with rows of kind `sim`. A question put twice after a crash has two answers, and harms nothing."""

    async def send(app: App, row: OutboxRow) -> Outcome:
        phone = str(row.params["phone"])
        request = await put(phone)
        if request is None:
            return Outcome(row.id, "waiting", reason="the question could not be put", attempts=row.attempts)
        async with app.db.writing() as conn:
            await asked(conn, app, request, phone)
        return Outcome(row.id, "sent", request, attempts=row.attempts)

    return send


async def nobody_to_ask(_house: Context, row: OutboxRow) -> Outcome:
    """Where no provider of the operator can be asked about a SIM."""
    return Outcome(row.id, "dropped", reason="no network to ask", attempts=row.attempts)


async def answered(
    conn: AsyncConnection, context: Context, request: str, swapped: bool | None, on: date | None
) -> bool:
    """The network's answer; whether it tells of a change that we did not know. Said again, it changes nothing."""
    question = sim_question.c.request == request
    phone = (await conn.execute(select(sim_question.c.phone).where(question))).scalar()
    if phone is None:
        return False
    now = context.clock.now()
    await conn.execute(
        update(sim_question).where(question, sim_question.c.answered_at.is_(None)).values(answered_at=now)
    )
    if swapped is None or (not swapped and on is None):
        return False
    return await note(conn, context, phone, SWAP, _latest(context, on) if on else now)


async def number_changed(
    conn: AsyncConnection, context: Context, channel: str, user: str, phone: str | None, at: datetime | None = None
) -> bool:
    """A chat moved to another number: what was linked to it is linked no more, and both numbers cool down. A chat of the number that was
    left is not linked by that number again, not even by older words that come late (`contacts.find_or_make`)."""
    found = (
        await conn.execute(
            select(contact.c.id, contact.c.phone).where(contact.c.channel == channel, contact.c.channel_user == user)
        )
    ).first()
    now = context.clock.now()
    left = (found.phone if found else None) or from_provider(user)
    for number, kind in ((phone, "number"), (left, LEFT)):
        if number:
            await note(conn, context, number, kind, min(at or now, now))
    if found is None:
        return False
    gone = await part(conn, context, found.id)
    freed = update(contact).where(contact.c.id == found.id)
    await conn.execute(freed.values(phone=None, subscriber=None, party_id=None))
    if gone:
        await trail.note(conn, context, f"channel:{channel}", "contact.number_changed", f"contact:{found.id}")
    return gone > 0


def _latest(context: Context, on: date) -> datetime:
    """The last instant of a day in the operator's zone, but not the future."""
    return min(start_of(on + timedelta(days=1), context.zone), context.clock.now())


async def note(conn: AsyncConnection, context: Context, phone: str, kind: str, at: datetime) -> bool:
    """A number is not what it was (`sim`: another card under it, `number`: it came to an account or a chat just now): it cools down."""
    row = {
        "id": context.ids.take(),
        "phone": subscriber(phone),
        "kind": kind,
        "changed_at": at,
        "seen_at": context.clock.now(),
    }
    new = insert(conn, sim_change).values(row)
    done = await conn.execute(new.on_conflict_do_nothing(index_elements=["phone", "kind", "changed_at"]))
    return done.rowcount == 1
