"""Asking about attempts whose outcome we do not know: after 5 minutes, an hour, then daily; and at once when a provider that was
gone answers again.

Each pass knocks at every provider with unknown attempts, with one question. Only when that one is answered are the others asked,
so a provider that is down costs one timeout a pass.
"""

from collections import Counter, deque

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.outcome import Unknown
from core.payments import outcome, queries, verification
from core.payments.model import LIVE, Attempt
from core.payments.providers.contract import Queried
from core.payments.tables import attempt

AT_ONCE, MANY = 500, 2
"""`MANY` questions that brought no answer: the first five minutes are over."""
_log = structlog.get_logger("payments")


async def poll_unknown(app: App) -> Counter[str]:
    """Ask about every attempt that is due; how many were found in each state (`unanswered`: still unknown)."""
    found: Counter[str] = Counter()
    async with app.db.reading() as conn:
        waiting = await _waiting(conn, app)
    for provider, queue in waiting.items():
        heard, asked_about = False, set(queue)
        while queue:
            told = await _guarded(app, queue.popleft())
            found[told] += 1
            if told == "unanswered":
                break
            if not heard and told in ANSWERS:
                heard = True
                async with app.db.reading() as conn:
                    queue.extend(one for one in await _unknown(conn, provider) if one not in asked_about)
    return found


ANSWERS = ("succeeded", "failed", "expired", "awaiting_customer", "missing", "early")


async def _waiting(conn: AsyncConnection, context: Context) -> dict[str, deque[int]]:
    """Provider -> the attempts that are due, or one unknown attempt to knock with."""
    query = (
        select(attempt.c.id, attempt.c.provider)
        .where(attempt.c.state.in_(LIVE), attempt.c.poll_at <= context.clock.now())
        .order_by(attempt.c.poll_at, attempt.c.id)
        .limit(AT_ONCE)
    )
    due: dict[str, deque[int]] = {}
    for row in await conn.execute(query):
        due.setdefault(row.provider, deque()).append(row.id)
    oldest = select(attempt.c.provider, func.min(attempt.c.id)).where(attempt.c.state == "unknown")
    knocks = {row[0]: deque([row[1]]) for row in await conn.execute(oldest.group_by(attempt.c.provider))}
    return knocks | due


async def _unknown(conn: AsyncConnection, provider: str) -> list[int]:
    query = select(attempt.c.id).where(attempt.c.state == "unknown", attempt.c.provider == provider)
    return list((await conn.execute(query.order_by(attempt.c.id).limit(AT_ONCE))).scalars())


async def _guarded(app: App, attempt_id: int) -> str:
    """One attempt that breaks us must not keep us from asking about the others: it is put off like an unanswered one."""
    try:
        return await look(app, attempt_id)
    except Exception:
        _log.exception("poll.broke", attempt_id=attempt_id)
    async with app.db.writing() as conn:
        await outcome.unsure(conn, app, await held(conn, attempt_id), Unknown("we could not settle it"))
    return "broke"


async def look(app: App, attempt_id: int) -> str:
    """Ask the provider about one attempt and make its answer true; the state it told, `early` (missing, so far), `unanswered`,
    `unasked`, or `settled` before."""
    async with app.db.reading() as conn:
        before = await queries.attempt_by(conn, attempt_id=attempt_id)
    if before is None or not before.live:
        return "settled"
    said = await verification.ask_about(app, before)
    async with app.db.writing() as conn:
        tried = await held(conn, attempt_id)
        if isinstance(said, Queried) and said.state == "missing" and _may_be_under_way(app, tried):
            await outcome.unsure(conn, app, tried, Unknown("it may still be on its way"))
            return "early"
        if not isinstance(said, Queried):
            await outcome.unsure(conn, app, tried, said)
            return "unasked" if isinstance(said, Unknown) and not said.is_silence else "unanswered"
        await app.happened(conn, await outcome.settle(conn, app, tried, said))
        return said.state


def _may_be_under_way(context: Context, tried: Attempt) -> bool:
    """What was asked for without an answer may stand in a queue of theirs: that they do not know it counts once five minutes are over,
    or it would be asked for again and charged twice. A page nobody was sent to charges nobody."""
    early = tried.poll_at is not None and tried.poll_at > context.clock.now()
    return tried.method != "card" and tried.live and tried.polls < MANY and early


async def held(conn: AsyncConnection, attempt_id: int, *, lock: bool = True) -> Attempt:
    """An attempt that must exist, its row held until the transaction ends."""
    tried = await queries.attempt_by(conn, attempt_id=attempt_id, lock=lock)
    if tried is None:
        raise LookupError(f"attempt {attempt_id} is gone")
    return tried
