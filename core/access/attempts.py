"""How often something was tried or asked by one of them: an address, a contact, a name. All limits on people stand here; the pace towards
providers is `core/outbox/rate_limit.py`.

What must hold (five passwords, five codes) is counted in the database (`take`), so that all workers agree. `Throttle` stands before that, in the
memory of one process, so that a flood of requests does not even reach the database.

Whatever a stranger can do again and again is counted twice: by who does it, with few tries, so that one of them never locks out another;
and for whom it is done (a number, a name, the house), with many, so that thousands of them together get nowhere either. A count
holds for its window from the first try on, and is then forgotten.
"""

import asyncio
from collections import OrderedDict
from datetime import timedelta

from sqlalchemy import BigInteger, Column, Index, Table, Text, case, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db.engine import Instant, insert, metadata

NAMES_AT_MOST = 20_000
"""Of a `Throttle`: the longest unused is forgotten first."""

tries = Table(
    "tries",
    metadata,
    Column("kind", Text, primary_key=True),  # what is counted: code.address, pin, sign_in ...
    Column("who", Text, primary_key=True),
    Column("taken", BigInteger, nullable=False),
    Column("until", Instant, nullable=False),
    Index("ix_tries_until", "until"),
)


async def take(
    conn: AsyncConnection,
    context: Context,
    kind: str,
    who: str,
    within: timedelta,
    amount: int = 1,
    most: int | None = None,
) -> int:
    """Count `amount` more; how many there are within the window now. From `most` on nothing is counted any more."""
    now, c = context.clock.now(), tries.c
    over = c.until <= now
    row = {"kind": kind, "who": who[:200], "taken": amount, "until": now + within}
    more = c.taken + amount if most is None else case((c.taken > most, c.taken), else_=c.taken + amount)
    counted = (
        insert(conn, tries)
        .values(row)
        .on_conflict_do_update(
            index_elements=["kind", "who"],
            set_={"taken": case((over, amount), else_=more), "until": case((over, now + within), else_=c.until)},
        )
        .returning(c.taken)
    )
    return int((await conn.execute(counted)).scalar_one())


async def taken(conn: AsyncConnection, context: Context, kind: str, who: str) -> int:
    """How many there are within the window that runs."""
    mine = (tries.c.kind == kind) & (tries.c.who == who[:200]) & (tries.c.until > context.clock.now())
    return int(await conn.scalar(select(tries.c.taken).where(mine)) or 0)


async def give_back(conn: AsyncConnection, kind: str, who: str) -> None:
    """It went right: what was counted for this one is forgotten."""
    await conn.execute(delete(tries).where(tries.c.kind == kind, tries.c.who == who[:200]))


async def forget(app: App) -> int:
    """Clear away counts whose window is over."""
    async with app.db.writing() as conn:
        return (await conn.execute(delete(tries).where(tries.c.until <= app.clock.now()))).rowcount


class Throttle:
    """At most `burst` at once for each name, refilled evenly over `per_seconds`: a leaky bucket each, and so many names at most."""

    def __init__(self, burst: int, per_seconds: float) -> None:
        self._burst, self._rate = burst, burst / per_seconds
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, name: str) -> bool:
        """Count one for `name`; False when it has had its share."""
        now = asyncio.get_running_loop().time()
        level, at = self._level.pop(name, (0.0, now))
        level = max(0.0, level - (now - at) * self._rate)
        allowed = level + 1 <= self._burst
        self._level[name] = (level + 1 if allowed else level, now)
        while len(self._level) > NAMES_AT_MOST:
            self._level.popitem(last=False)
        return allowed
