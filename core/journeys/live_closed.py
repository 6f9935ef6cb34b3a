"""A period of uses charged live is over: what stands beside the uses (fixed charges, what a minimum lacks) falls due then.

Prepaid services only: a bill asks a postpaid one for it (`core/billing/run/live_uses.py`). What the purse does not have stays owed and is taken
when money comes. From its first use on, a prepaid service has a period after the other, so that a month without a use owes its part.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import structlog
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.balances import spend, store
from core.balances.model import OPEN, Want, draw
from core.balances.tables import bucket, bucket_user
from core.billing.periods import whole_period
from core.context import App, Context
from core.db.engine import AnyRow
from core.errors import Refused
from core.journeys import live_period
from core.metering.live import store as live
from core.metering.live.tables import live_period as live_period_table
from core.parties.tables import account, service, service_plan

AT_ONCE = 200
log = structlog.get_logger()


async def tick(app: App) -> int:
    """Close what is over, take what is owed and there; how many periods. The scheduler's job."""
    done = after = 0
    while True:
        async with app.db.reading() as conn:
            rows = await live.due(conn, app.today(), AT_ONCE, after)
        for after, service_id in rows:
            done += await _close_or_say(app, service_id, after)
        if len(rows) < AT_ONCE:
            return done + await _collect(app)


async def _collect(app: App) -> int:
    done = after = 0
    while True:
        async with app.db.reading() as conn:
            rows = await _payable(conn, after)
        for after, service_id in rows:
            async with app.db.writing() as conn:
                done += await collect(conn, app, service_id, after)
        if len(rows) < AT_ONCE:
            return done


async def _close_or_say(app: App, service_id: int, period_id: int) -> int:
    """One period in a transaction of its own: one that cannot be priced keeps no other from its close."""
    try:
        async with app.db.writing() as conn:
            return await close(conn, app, service_id, period_id)
    except Refused as why:
        log.warning("live.period_not_closed", period=period_id, service=service_id, why=why.code)
        return 0


async def close(conn: AsyncConnection, context: Context, service_id: int, period_id: int) -> int:
    """Close a period that is over: take the rest of what it comes to, and open what follows it; 0 when somebody was quicker."""
    of = await live_period.served(conn, service_id, ended=True)
    period = await live.period(conn, period_id)
    if period.state != live.RUNNING or period.closes_on > context.today() or of.payment_mode != "prepaid":
        return 0
    stretch = await live_period.stretch_on(conn, context, of, period.from_date)
    target = await live_period.came_to(conn, stretch, await live.uses_of(conn, period.id), closed=True)
    closed = replace(period, state=live.CLOSED)
    await live_period.settle(conn, context, of, closed, target, key=f"live:{period.id}:close", partly=True)
    for day in await _beginnings(conn, of, period):
        await _open(conn, context, of, day)
    return 1


async def collect(conn: AsyncConnection, context: Context, service_id: int, period_id: int) -> int:
    """Take of what is owed what is there now; 0 when nothing is."""
    of = await live_period.served(conn, service_id, ended=True)
    period = await live.period(conn, period_id)
    if not period.owed_minor:
        return 0
    want = Want(of.account_id, of.currency, period.owed_minor, None, of.id)
    there = await store.drawable(conn, of.account_id, of.currency)
    if not draw(there.values(), want, context.clock.now()).parts:
        return 0
    key = f"live:{period.id}:owed:{context.ids.take()}"
    spent = await spend.deduct(conn, context, want, key=key, why="period", partly=True)
    await live.pay(conn, period.id, {part.bucket_id: part.amount for part in spent.parts})
    await live.keep(conn, replace(period, owed_minor=spent.short))
    return 1


async def _beginnings(conn: AsyncConnection, of: AnyRow, period: live.LivePeriod) -> list[date]:
    """The days on which the service began on a plan in this whole period, and the first day after it, if it goes on."""
    begin, end, p = whole_period(of.bill_day, period.from_date)[0], period.closes_on, service_plan.c
    here = (p.service_id == of.id) & (p.from_date <= end) & or_(p.to_date.is_(None), p.to_date > begin)
    plans = (await conn.execute(select(p.from_date, p.to_date).where(here))).all()
    match = {max(begin, of.started_on, plan.from_date) for plan in plans}
    match |= {max(end, plan.from_date) for plan in plans if plan.to_date is None or plan.to_date > end}
    return sorted(day for day in match if day >= of.started_on and (of.ended_on is None or day < of.ended_on))


async def _open(conn: AsyncConnection, context: Context, of: AnyRow, day: date) -> None:
    """The period that begins that day; none where its plan cannot be charged live."""
    try:
        stretch = await live_period.stretch_on(conn, context, of, day)
    except Refused as why:
        log.warning("live.period_not_opened", service=of.id, day=str(day), why=why.code)
        return
    await live.opened(conn, context, of.id, stretch.days.from_, stretch.days.whole_to)


async def _payable(conn: AsyncConnection, after: int) -> Sequence[AnyRow]:
    """Periods with something owed, whose account has money that may pay for anything: id, service_id."""
    p, b, user = live_period_table.c, bucket.c, bucket_user.c
    money = (
        select(b.id)
        .join_from(bucket_user, bucket, b.id == user.bucket_id)
        .where(user.account_id == account.c.id, b.unit == account.c.currency, b.state == OPEN, b.amount > b.reserved)
        .exists()
    )
    rows = (
        select(p.id, p.service_id)
        .join_from(live_period_table, service, service.c.id == p.service_id)
        .join(account, account.c.id == service.c.account_id)
        .where(p.owed_minor > 0, p.id > after, money)
        .order_by(p.id)
        .limit(AT_ONCE)
    )
    return (await conn.execute(rows)).all()
