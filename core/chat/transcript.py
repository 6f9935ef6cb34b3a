"""Write and read a visitor's transcript. A line has a key, so that a repeat writes nothing, and a number without gaps.

The visitor's row is locked while a line gets its number: two workers that write for one visitor stand in line.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.chat.tables import chat_line, chat_visitor
from core.context import Context
from core.db.engine import insert

STAYS_OPEN = timedelta(minutes=2)
"""A page that was open a moment ago is taken for open still; open pages say so again well within this time."""
AT_MOST = 500
"""Lines that a page gets at once when it comes back: the last so many."""


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One numbered line of a transcript. `side`: you, hodi."""

    seq: int
    key: str
    side: str
    body: dict[str, Any]
    at: datetime


async def write(
    conn: AsyncConnection, context: Context, visitor: str, *, key: str, side: str, body: dict[str, Any]
) -> ChatLine | None:
    """Add a line; None if a line of this key stands there already."""
    now = context.clock.now()
    first = insert(conn, chat_visitor).values(visitor=visitor, last_seq=1, started_at=now)
    one_more = {"last_seq": chat_visitor.c.last_seq + 1}
    taken = first.on_conflict_do_update(index_elements=["visitor"], set_=one_more).returning(chat_visitor.c.last_seq)
    seq = (await conn.execute(taken)).scalar_one()
    row = {"visitor": visitor, "seq": seq, "key": key, "side": side, "body": body, "at": now}
    line = insert(conn, chat_line).values(row).on_conflict_do_nothing(index_elements=["visitor", "key"])
    if (await conn.execute(line)).rowcount == 0:
        mine = update(chat_visitor).where(chat_visitor.c.visitor == visitor)
        await conn.execute(mine.values(last_seq=seq - 1))
        return None
    return ChatLine(seq, key, side, body, now)


async def since(conn: AsyncConnection, visitor: str, seq: int) -> list[ChatLine]:
    """The lines after `seq`, in order; of very many the last `AT_MOST`."""
    columns = [chat_line.c[name] for name in ChatLine.__dataclass_fields__]
    missed = (chat_line.c.visitor == visitor) & (chat_line.c.seq > seq)
    found = select(*columns).where(missed).order_by(chat_line.c.seq.desc()).limit(AT_MOST)
    return [ChatLine(*row) for row in reversed((await conn.execute(found)).all())]


async def last_said(conn: AsyncConnection, visitor: str) -> dict[str, Any]:
    """The last thing we said: it may ask for a secret, and its options give her answer its words. Empty: nothing yet."""
    ours = (chat_line.c.visitor == visitor) & (chat_line.c.side == "hodi")
    last = select(chat_line.c.body).where(ours).order_by(chat_line.c.seq.desc()).limit(1)
    return (await conn.execute(last)).scalar() or {}


async def last_seqs(conn: AsyncConnection, visitors: Collection[str]) -> Mapping[str, int]:
    """How far the transcript of each visitor is."""
    found = select(chat_visitor.c.visitor, chat_visitor.c.last_seq).where(chat_visitor.c.visitor.in_(visitors))
    return {row.visitor: row.last_seq for row in await conn.execute(found)}


async def keep_open(conn: AsyncConnection, context: Context, visitors: Collection[str]) -> None:
    """Their pages are open now."""
    now = context.clock.now()
    until = now + STAYS_OPEN
    rows = [{"visitor": one, "last_seq": 0, "started_at": now, "open_until": until} for one in sorted(visitors)]
    new = insert(conn, chat_visitor).values(rows)
    await conn.execute(new.on_conflict_do_update(index_elements=["visitor"], set_={"open_until": until}))


async def is_open(conn: AsyncConnection, context: Context, visitor: str) -> bool:
    """Whether a page of this visitor is open somewhere."""
    open_now = (chat_visitor.c.visitor == visitor) & (chat_visitor.c.open_until > context.clock.now())
    return bool(await conn.scalar(select(func.count()).select_from(chat_visitor).where(open_now)))
