"""Airtime for points: reserved, sent, confirmed by the provider's own word. A timeout is unknown: asked about, never sent again.

What is about to be sent is written down as `sent` before the provider is called. Whoever finds it so without an answer after a crash
knows that the airtime may be on the phone. Its key is the redemption's, so a provider that keeps keys gives it once in any case.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.audit import trail
from core.context import App, Context
from core.db import failpoints
from core.message import Delivery, Sent
from core.money import plain
from core.outbox import back_off, queue
from core.outbox.back_off import BackOff
from core.outbox.queue import OutboxRow, Outcome
from core.outcome import OutcomeState
from core.rewards import store
from core.rewards.model import OVER, Redemption
from core.rewards.tables import redemption

LOOKS = BackOff((timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)))
"""When an unknown outcome is asked about again; the last one repeats."""

AirtimePort = Callable[[str, int, str, str], Awaitable[Sent]]
"""`(phone, amount_minor, currency, key)`: sends airtime; the gateway makes one from the provider's channel. Never raises for what
a provider does: `done` (taken; its word follows by callback), `refused`, `not_reached` (surely not taken) or `unknown`."""
AirtimeQuestion = Callable[[str], Awaitable[Sent]]
"""`(key)`: what became of an order, where the provider can be asked."""


def handler(port: AirtimePort) -> Callable[[App, OutboxRow], Awaitable[Outcome]]:
    """What the dispatcher does with outbox rows of kind `airtime`."""

    async def send(app: App, row: OutboxRow) -> Outcome:
        held, call = await _begin(app, row.subject_id or 0)
        if held is None:
            return Outcome(row.id, "dropped", reason="no such redemption", attempts=row.attempts)
        if not call:
            return _as_it_stands(row, held)
        failpoints.point("airtime.begun")
        text = await port(held.phone or "", held.amount, app.currency, f"airtime-{held.id}")
        failpoints.point("airtime.called")
        async with app.db.writing() as conn:
            return await _told(conn, app, row, text)

    return send


async def _begin(app: App, redemption_id: int) -> tuple[Redemption | None, bool]:
    """The redemption, and whether the provider is to be called: only if nobody did before."""
    async with app.db.writing() as conn:
        held = await store.hold(conn, redemption_id)
        if held is None or held.state != "reserved":
            if held is not None and held.state == "sent" and held.provider_ref is None:
                await _unknown(conn, app, held, "no answer was kept")
            return held, False
        await store.move(conn, held.id, "sent", poll_at=app.clock.now() + LOOKS.after(0))
        return held, True


def _as_it_stands(row: OutboxRow, held: Redemption) -> Outcome:
    if held.state in ("confirmed", "reversed") or held.provider_ref is not None:
        return Outcome(row.id, "sent", held.provider_ref, attempts=row.attempts)
    return Outcome(row.id, "unknown", reason="no answer was kept", attempts=row.attempts)


async def _told(conn: AsyncConnection, context: Context, row: OutboxRow, told: Sent) -> Outcome:
    held = await store.hold(conn, row.subject_id or 0)
    if held is None or held.state in OVER:
        return Outcome(row.id, "sent", told.provider_ref, attempts=row.attempts)
    if told.state == OutcomeState.DONE:
        await store.move(conn, held.id, "sent", provider_ref=told.provider_ref)
        return Outcome(row.id, "sent", told.provider_ref, attempts=row.attempts)
    if told.state == OutcomeState.REFUSED:
        await failed(conn, context, held, told.reason or "refused")
        return Outcome(row.id, "failed", reason=told.reason, attempts=row.attempts)
    if told.state == OutcomeState.NOT_REACHED and not back_off.OUTBOX.is_used_up(row.attempts - 1):
        await store.move(conn, held.id, "reserved", poll_at=None)
        return Outcome(row.id, "waiting", reason=told.reason, attempts=row.attempts)
    if told.state == OutcomeState.NOT_REACHED:
        await failed(conn, context, held, told.reason or "the provider could not take it")
        return Outcome(row.id, "failed", reason=told.reason, attempts=row.attempts)
    await _unknown(conn, context, held, told.reason or "no answer")
    return Outcome(row.id, "unknown", reason=told.reason, attempts=row.attempts)


async def _unknown(conn: AsyncConnection, context: Context, held: Redemption, reason: str) -> None:
    await store.move(conn, held.id, "unknown", reason=reason, poll_at=context.clock.now() + LOOKS.after(0))


async def failed(conn: AsyncConnection, context: Context, held: Redemption, reason: str) -> None:
    """They did not get it: the points return, and they are told so, once."""
    await store.give_back(conn, context, held, reason)
    await queue.enqueue(
        conn,
        context,
        key=f"airtime-failed:{held.id}",
        kind="notice",
        template="rewards.airtime.failed",
        params={"points": held.points},
        account_id=held.account_id,
        subject_id=held.id,
        resend_unknown=True,
    )


async def reported(conn: AsyncConnection, context: Context, report: Delivery) -> bool:
    """The provider's callback about an order; False when it is about none of ours. A repeat changes nothing."""
    held = await _ordered(conn, context, report)
    if held is None:
        return False
    if held.state in OVER or not report.final:
        return True
    if report.state == "delivered":
        await store.confirm(conn, context, held)
    elif report.state == "failed":
        await failed(conn, context, held, report.reason or "failed")
    return True


async def _ordered(conn: AsyncConnection, context: Context, report: Delivery) -> Redemption | None:
    """By the provider's reference; else the oldest unknown order for that phone and amount, whose reference we never heard."""
    mine = select(redemption.c.id).where(redemption.c.kind == "airtime")
    match = (await conn.execute(mine.where(redemption.c.provider_ref == report.provider_ref).limit(1))).scalar()
    if match is None and report.phone:
        unheard = mine.where(
            redemption.c.phone == report.phone,
            redemption.c.provider_ref.is_(None),
            redemption.c.state.in_(("unknown", "sent")),
        )
        rows = await conn.execute(unheard.add_columns(redemption.c.amount).order_by(redemption.c.id))
        worth = report.details.get("value", "")
        fits = [row.id for row in rows if not worth or plain(row.amount, context.currency) in worth]
        match = fits[0] if fits else None
        if match is not None:
            await store.move(conn, match, "sent", provider_ref=report.provider_ref)
    return None if match is None else await store.hold(conn, match)


async def poll(app: App, ask: AirtimeQuestion | None = None) -> Counter[str]:
    """Ask about orders whose outcome is not known. A provider that cannot be asked leaves them listed for a clerk."""
    now, seen = app.clock.now(), Counter[str]()
    for held in await _due(app, now):
        text = await ask(f"airtime-{held.id}") if ask else None
        async with app.db.writing() as conn:
            again = await store.hold(conn, held.id)
            if again is None or again.state in OVER:
                continue
            if text is not None and text.state == OutcomeState.DONE:
                await store.confirm(conn, app, again)
            elif text is not None and text.state == OutcomeState.REFUSED:
                await failed(conn, app, again, text.reason or "refused")
            else:
                days = (now - again.created_at).days
                await store.move(conn, held.id, "unknown", poll_at=now + LOOKS.after(1 + days))
            seen["asked" if ask else "listed"] += 1
    return seen


async def _due(app: App, now: datetime) -> list[Redemption]:
    waiting = redemption.c.state.in_(("sent", "unknown")) & (redemption.c.kind == "airtime")
    async with app.db.reading() as conn:
        rows = await conn.execute(select(*store.COLUMNS).where(waiting, redemption.c.poll_at <= now).limit(200))
        return [Redemption(*row) for row in rows]


async def decided(conn: AsyncConnection, context: Context, redemption_id: int, *, arrived: bool, actor: str) -> None:
    """A clerk asked the provider and knows: it arrived, or it did not and the points return."""
    held = await store.hold(conn, redemption_id)
    if held is None or held.state in OVER:
        return
    await (store.confirm(conn, context, held) if arrived else failed(conn, context, held, f"decided by {actor}"))
    await trail.note(conn, context, actor, "airtime.decided", f"redemption:{redemption_id}", arrived=arrived)


async def unknown(conn: AsyncConnection) -> int:
    """How many orders nobody knows the outcome of: for the day page."""
    query = select(func.count()).select_from(redemption).where(redemption.c.state == "unknown")
    return int((await conn.execute(query)).scalar_one())
