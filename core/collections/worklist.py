"""What a collector heard: outcome codes, and when an account comes back to the worklist. A promise is an arrangement, not a code."""

from datetime import timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.collections.tables import contacted, episode, ladder_step
from core.context import Context
from core.errors import Refused

OUTCOMES: dict[str, int] = {
    "no_answer": 1, "call_back": 3, "told": 7, "cannot_pay": 14, "refuses": 7, "wrong_number": 30, "moved": 30, "died": 365,
    "agency": 90, "recalled": 0,
}  # fmt: skip
"""Each outcome and for how many days it takes the account off the worklist. `told`: they have heard the formal notice from a person."""


async def note(
    conn: AsyncConnection, context: Context, account_id: int, code: str, *, note: str = "", actor: str
) -> None:
    """Keep what came of a call or a visit. `told` stands in for a formal notice that no phone has confirmed."""
    if code not in OUTCOMES:
        raise Refused("collections.outcome.unknown")
    await conn.execute(
        insert(contacted).values(
            id=context.ids.take(),
            account_id=account_id,
            code=code,
            note=note[:500],
            actor=actor,
            again_on=context.today() + timedelta(days=OUTCOMES[code]),
            at=context.clock.now(),
        )
    )
    if code == "told":
        await _told(conn, context, account_id)
    await trail.note(conn, context, actor, "account.contacted", f"account:{account_id}", code=code)


async def _told(conn: AsyncConnection, context: Context, account_id: int) -> None:
    now = select(episode.c.id, episode.c.round).where(episode.c.open_id == account_id)
    row = (await conn.execute(now)).first()
    if row is not None:
        formal = update(ladder_step).where(
            ladder_step.c.episode_id == row.id,
            ladder_step.c.round == row.round,
            ladder_step.c.step == "formal",
            ladder_step.c.told_on.is_(None),
        )
        await conn.execute(formal.values(told_on=context.today()))
