"""What we may write to them: STOP and START, to one sender of ours or to all, and whether they want offers.

How it stands now is `contact.stopped_at` (all senders), `sender_stop` (one of them) and `contact.marketing`. Each word leaves a line in
`consent`, which nobody can change: what they said, when, to which sender, by which way and with which word. A provider may bring their words
twice, days late and out of order: the latest said counts, not the latest heard.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import Context
from core.db.engine import insert
from core.db.in_list import in_list
from core.parties import senders
from core.parties.tables import consent, contact, sender_stop

LONGEST_WORD = 40


async def stop(
    conn: AsyncConnection,
    context: Context,
    contact_id: int,
    *,
    sender: str | None = None,
    channel: str = "",
    word: str = "",
    at: datetime | None = None,
) -> None:
    """STOP, said at this instant (now): nothing but statutory notices until START, from this `sender` (None: from any)."""
    said_at = _said(context, at)
    if await _overtaken(conn, contact_id, "stop", sender, said_at):
        return
    if sender is None:
        silent = update(contact).where(contact.c.id == contact_id, contact.c.stopped_at.is_(None))
        await conn.execute(silent.values(stopped_at=said_at, marketing=False))
    elif not senders.has_stopped((await stops_of(conn, [contact_id])).get(contact_id, ()), sender):
        row = insert(conn, sender_stop).values(contact_id=contact_id, sender=sender, stopped_at=said_at)
        await conn.execute(row.on_conflict_do_nothing(index_elements=["contact_id", "sender"]))
    await _note(conn, context, contact_id, "stop", sender, channel, word, said_at)


async def start(
    conn: AsyncConnection,
    context: Context,
    contact_id: int,
    *,
    marketing: bool = True,
    sender: str | None = None,
    channel: str = "",
    word: str = "",
    at: datetime | None = None,
) -> None:
    """START: messages again, campaigns included (`marketing=False`: reachable again after a block, which had ended campaigns).

    To one `sender`: it may write again, and the STOPs to others stay. To all (None): every STOP said before is over.
    """
    said_at = _said(context, at)
    if await _overtaken(conn, contact_id, "start", sender, said_at):
        return
    before = (sender_stop.c.contact_id == contact_id) & (sender_stop.c.stopped_at <= said_at)
    stopped = (await stops_of(conn, [contact_id])).get(contact_id, ())
    ended = [one for one in stopped if sender is None or senders.same(one, sender)]
    await conn.execute(delete(sender_stop).where(before, sender_stop.c.sender.in_(ended)))
    await conn.execute(update(contact).where(contact.c.id == contact_id).values(stopped_at=None, marketing=marketing))
    await _note(conn, context, contact_id, "start", sender, channel, word, said_at)


def _said(context: Context, at: datetime | None) -> datetime:
    now = context.clock.now()
    return min(at or now, now)


async def _overtaken(conn: AsyncConnection, contact_id: int, said: str, sender: str | None, at: datetime) -> bool:
    """Whether these very words were heard before, or later ones to the same sender (or to all). A later START to one of them ends a STOP to
    all as well."""
    query = select(consent.c.said, consent.c.sender, consent.c.at).where(
        consent.c.contact_id == contact_id, consent.c.said.in_(("stop", "start")), consent.c.at >= at
    )
    for known in await conn.execute(query):
        mine = known.sender == sender or (known.sender and sender and senders.same(known.sender, sender))
        if mine and known.at == at and known.said == said:
            return True
        ends = mine or known.sender is None or (sender is None and (said, known.said) == ("stop", "start"))
        if ends and known.at > at:
            return True
    return False


async def set_marketing(
    conn: AsyncConnection, context: Context, contact_id: int, *, wanted: bool, channel: str = "", word: str = ""
) -> None:
    """News and offers: yes or no. The notices of their own account go on either way."""
    changed = update(contact).where(contact.c.id == contact_id, contact.c.marketing != wanted)
    if (await conn.execute(changed.values(marketing=wanted))).rowcount:
        await _note(
            conn, context, contact_id, "offers" if wanted else "no_offers", None, channel, word, context.clock.now()
        )
        await trail.note(
            conn, context, f"customer:{contact_id}", "consent.changed", f"contact:{contact_id}", wanted=wanted
        )


async def stops_of(conn: AsyncConnection, contact_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The senders that each of these stopped by name; who stopped none is not there. One query."""
    if not contact_ids:
        return {}
    rows = await conn.execute(
        select(sender_stop.c.contact_id, sender_stop.c.sender).where(
            in_list(conn, sender_stop.c.contact_id, contact_ids)
        )
    )
    match: dict[int, set[str]] = {}
    for row in rows:
        match.setdefault(row.contact_id, set()).add(row.sender)
    return {contact_id: frozenset(names) for contact_id, names in match.items()}


async def record(conn: AsyncConnection, contact_ids: Collection[int], most: int = 100) -> Sequence[Row[Any]]:
    """What these contacts said, the latest first, at the most `most`."""
    answer = select(consent).where(in_list(conn, consent.c.contact_id, contact_ids))
    return (await conn.execute(answer.order_by(consent.c.at.desc(), consent.c.id.desc()).limit(most))).all()


async def _note(
    conn: AsyncConnection,
    context: Context,
    contact_id: int,
    said: str,
    sender: str | None,
    channel: str,
    word: str,
    at: datetime,
) -> None:
    row = {
        "id": context.ids.take(),
        "contact_id": contact_id,
        "said": said,
        "sender": sender,
        "channel": channel,
        "word": word.strip()[:LONGEST_WORD],
        "at": at,
    }
    await conn.execute(insert(conn, consent).values(row))
