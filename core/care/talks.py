"""A chat is handed to a person and back. While a talk is open the bot is silent; every word of it passes the interaction log.

waiting (in the queue) -> taken (a clerk answers) -> over. One open talk a contact. Nobody waits for ever: a talk that no clerk
takes becomes a ticket, and one in which the customer has gone silent ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.care import tickets
from core.care.tables import talk
from core.context import Context
from core.db.engine import insert
from core.errors import Refused
from core.outbox import queue as outbox
from core.parties.tables import account, contact_account

WAITING, TAKEN, OVER = "waiting", "taken", "over"
LONGEST_ABOUT, LONGEST_WORD = 300, 1_500


@dataclass(frozen=True, slots=True)
class Talk:
    """One talk as it stands."""

    id: int
    contact_id: int
    account_id: int | None
    branch_id: int | None
    channel: str
    about: str
    state: str
    clerk: str | None
    asked_at: datetime
    taken_at: datetime | None
    heard_at: datetime
    said_at: datetime | None
    ended_at: datetime | None


COLUMNS = [talk.c[name] for name in Talk.__dataclass_fields__]


async def ask(
    conn: AsyncConnection, context: Context, *, contact_id: int, account_id: int | None, channel: str, about: str
) -> Talk:
    """They would like to talk to a person: a place in the queue; who has one keeps it."""
    now = context.clock.now()
    branch = select(account.c.branch_id).where(account.c.id == account_id)
    row = {
        "id": context.ids.take(),
        "contact_id": contact_id,
        "account_id": account_id,
        "branch_id": (await conn.execute(branch)).scalar_one_or_none(),
        "channel": channel,
        "about": about[:LONGEST_ABOUT],
        "state": WAITING,
        "open_key": str(contact_id),
        "asked_at": now,
        "heard_at": now,
    }
    await conn.execute(insert(conn, talk).values(row).on_conflict_do_nothing(index_elements=["open_key"]))
    match = await _one(conn, talk.c.open_key == str(contact_id))
    assert match is not None
    return match


async def place(conn: AsyncConnection, found: Talk) -> int:
    """Their place in the queue, 1 for the next; 0 when a clerk is with them."""
    if found.state != WAITING:
        return 0
    earlier = or_(talk.c.asked_at < found.asked_at, (talk.c.asked_at == found.asked_at) & (talk.c.id <= found.id))
    same = talk.c.branch_id.is_(None) if found.branch_id is None else talk.c.branch_id == found.branch_id
    query = select(func.count()).select_from(talk).where(talk.c.state == WAITING, earlier, same)
    return int((await conn.execute(query)).scalar_one())


async def by_id(conn: AsyncConnection, talk_id: int) -> Talk | None:
    """One talk."""
    return await _one(conn, talk.c.id == talk_id)


async def of_contact(conn: AsyncConnection, contact_id: int) -> Talk | None:
    """The open talk of a contact."""
    return await _one(conn, talk.c.open_key == str(contact_id))


async def queue(conn: AsyncConnection, *, branch_id: int | None = None, limit: int = 100) -> list[Talk]:
    """What is open, the longest waiting first; a branch sees its own and those of nobody's branch."""
    query = select(*COLUMNS).where(talk.c.state.in_((WAITING, TAKEN)))
    if branch_id is not None:
        query = query.where(or_(talk.c.branch_id == branch_id, talk.c.branch_id.is_(None)))
    rows = await conn.execute(query.order_by(talk.c.state.desc(), talk.c.asked_at, talk.c.id).limit(limit))
    return [Talk(*row) for row in rows]


async def heard(conn: AsyncConnection, context: Context, contact_id: int) -> bool:
    """They wrote something while a person answers; False when the talk is over."""
    now = context.clock.now()
    changed = await conn.execute(update(talk).where(talk.c.open_key == str(contact_id)).values(heard_at=now))
    return changed.rowcount == 1


async def leave(conn: AsyncConnection, context: Context, contact_id: int) -> None:
    """They go back to the bot by themselves."""
    await _end(conn, context, talk.c.open_key == str(contact_id), "customer")


async def take(conn: AsyncConnection, context: Context, talk_id: int, actor: str) -> None:
    """A clerk takes it; the customer is told. Refused `talk.taken` when somebody was quicker or it is over."""
    mine = update(talk).where(talk.c.id == talk_id, talk.c.state == WAITING)
    taken = await conn.execute(mine.values(state=TAKEN, clerk=actor, taken_at=context.clock.now()))
    if taken.rowcount != 1:
        raise Refused("talk.taken")
    await _tell(conn, context, await _held(conn, talk_id), "agent.joined", name=actor.removeprefix("user:"))
    await trail.note(conn, context, actor, "talk.taken", f"talk:{talk_id}")


async def say(conn: AsyncConnection, context: Context, talk_id: int, actor: str, text: str) -> None:
    """A clerk's word; whoever says the first one takes the talk. Refused `talk.ended`."""
    match = await _held(conn, talk_id)
    if match.state == WAITING:
        await take(conn, context, talk_id, actor)
    elif match.state != TAKEN:
        raise Refused("talk.ended")
    await _still_linked(conn, match)
    await conn.execute(update(talk).where(talk.c.id == talk_id).values(said_at=context.clock.now()))
    await _tell(conn, context, match, "reply.text", text=text[:LONGEST_WORD])


async def _still_linked(conn: AsyncConnection, found: Talk) -> None:
    """`Refused` once the contact has lost the account that the talk is about: a clerk would tell it to somebody else."""
    link = contact_account.c
    mine = select(link.contact_id).where(link.contact_id == found.contact_id, link.account_id == found.account_id)
    if found.account_id is not None and (await conn.execute(mine)).first() is None:
        raise Refused("talk.ended")


async def give_back(conn: AsyncConnection, context: Context, talk_id: int, actor: str) -> None:
    """Back to the bot; said twice, once counts."""
    match = await _held(conn, talk_id)
    if await _end(conn, context, talk.c.id == talk_id, actor):
        await _tell(conn, context, match, "agent.back")
        await trail.note(conn, context, actor, "talk.given_back", f"talk:{talk_id}")


async def time_out(conn: AsyncConnection, context: Context) -> int:
    """End what waited too long: untaken talks become tickets, silent ones just end; how many."""
    now, desk = context.clock.now(), context.operator.desk
    late = (talk.c.state == WAITING) & (talk.c.asked_at < now - timedelta(minutes=desk.wait_minutes))
    idle = (
        (talk.c.state == TAKEN)
        & (talk.c.heard_at < now - timedelta(minutes=desk.quiet_minutes))
        & (func.coalesce(talk.c.said_at, talk.c.taken_at) < now - timedelta(minutes=desk.quiet_minutes))
    )
    rows = await conn.execute(select(*COLUMNS).where(or_(late, idle)).order_by(talk.c.id).limit(200))
    ended = 0
    for match in [Talk(*row) for row in rows]:
        if await _end(conn, context, talk.c.id == match.id, "nobody was free" if match.state == WAITING else "silence"):
            ended += 1
            await _timed_out(conn, context, match)
    return ended


async def _timed_out(conn: AsyncConnection, context: Context, found: Talk) -> None:
    if found.state == TAKEN:
        await _tell(conn, context, found, "agent.back")
        return
    opened = await tickets.open_ticket(
        conn,
        context,
        key=f"talk:{found.id}",
        kind="message",
        contact_id=found.contact_id,
        account_id=found.account_id,
        description=found.about,
    )
    await _tell(conn, context, found, "agent.nobody", reference=opened.reference)


async def _end(conn: AsyncConnection, context: Context, which: ColumnElement[bool], by: str) -> bool:
    over = update(talk).where(which, talk.c.state != OVER)
    done = await conn.execute(over.values(state=OVER, open_key=None, ended_at=context.clock.now(), ended_by=by))
    return done.rowcount == 1


async def _tell(conn: AsyncConnection, context: Context, found: Talk, template: str, **params: str) -> None:
    await outbox.enqueue(
        conn,
        context,
        key=f"talk:{found.id}:{context.ids.take()}",
        kind="reply",
        template=template,
        params=params,
        channel=found.channel,
        contact_id=found.contact_id,
        account_id=found.account_id,
        priority=outbox.PROMPT,
        resend_unknown=True,
    )


async def _held(conn: AsyncConnection, talk_id: int) -> Talk:
    row = (await conn.execute(select(*COLUMNS).where(talk.c.id == talk_id).with_for_update())).first()
    if row is None:
        raise Refused("talk.ended", 404)
    return Talk(*row)


async def _one(conn: AsyncConnection, which: ColumnElement[bool]) -> Talk | None:
    row = (await conn.execute(select(*COLUMNS).where(which))).first()
    return Talk(*row) if row else None
