"""A restriction is due: it is looked at once more at the moment it would happen, and any doubt leaves the service alone.

The same rule decides as on the day it was put down, with the facts of this moment and the account held: a payment that comes first is
seen, one that comes after lifts the restriction in its own transaction. What it does to the network leaves by the outbox in turn.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import outbox
from core.arrears import LEVEL
from core.barring.want import want
from core.billing.tables import invoice_line, open_item
from core.clock import start_of
from core.collections import store
from core.collections.calendar import bar_hours, may_bar_at
from core.collections.ladder import Rules, after, decide
from core.collections.model import Decision, Standing
from core.collections.tables import ladder_step
from core.house import House
from core.journeys import arrears
from core.outbox import Leaving, Outcome
from core.parties.tables import service
from core.payments.store import hold_account


async def bar(house: House, leaving: Leaving) -> Outcome:
    """What the dispatcher does with outbox rows of kind `bar`: their subject is the step of the ladder."""
    async with house.db.writing() as conn:
        step = (await conn.execute(select(ladder_step).where(ladder_step.c.id == leaving.subject_id))).one()
        await hold_account(conn, step.account_id)
        return await _look(conn, house, leaving, step)


async def _look(conn: AsyncConnection, house: House, leaving: Leaving, step: Row[Any]) -> Outcome:
    today = house.today()
    [standing] = await arrears.standings(conn, house, today, [step.account_id])
    rules = arrears.rules_of(house, standing.segment)
    doubt = why_not(standing, rules, step, decide(standing, rules, today))
    if doubt is not None:
        await store.step_waits(conn, step.id, doubt)
        return Outcome(leaving.id, "dropped", reason=doubt, attempts=leaving.attempts)
    now = house.clock.now()
    if not may_bar_at(rules.calendar, rules.ladder, now, house.zone):
        return await _another_hour(conn, house, leaving, rules, step, now)
    services = await _services(conn, house, step)
    level = LEVEL[step.step]
    await want(
        conn, house, dict.fromkeys(services, level), why=step.step, kbps=rules.ladder.soft_kbps, softer=False
    )  # fmt: skip
    await store.step_done(conn, step.id, today)
    moved = after(standing, Decision("step", today, step.step), rules).episode
    if moved is not None:
        await store.move(conn, moved)
    await outbox.enqueue(
        conn, house, key=f"ladder:{step.id}", kind="notice", template=f"notice.{step.step}", account_id=step.account_id,
        subject_id=step.id, resend_unknown=True,
    )  # fmt: skip
    return Outcome(leaving.id, "sent", reason=f"{len(services)} services", attempts=leaving.attempts)


def why_not(standing: Standing, rules: Rules, step: Row[Any], decision: Decision) -> str | None:
    """The doubt that leaves the service alone; None: there is none. Pure."""
    if standing.episode is None or (standing.episode.id, standing.episode.round) != (step.episode_id, step.round):
        return "it was about another debt"
    if step.state != "waiting":
        return "it has happened already"
    if decision.kind != "step" or decision.step != step.step:
        return decision.reason or decision.kind
    return None


async def _another_hour(
    conn: AsyncConnection, house: House, leaving: Leaving, rules: Rules, step: Row[Any], now: datetime
) -> Outcome:
    """Too early today: it waits for its hour. Too late: the next working day's run puts it down again."""
    hours = bar_hours(rules.calendar, rules.ladder, house.today())
    opens = None if hours is None else datetime.combine(house.today(), hours[0], tzinfo=house.zone)
    if opens is not None and now < opens:
        utc = start_of(house.today(), house.zone).tzinfo
        return Outcome(
            leaving.id,
            "waiting",
            reason="not at this hour",
            attempts=leaving.attempts,
            not_before=opens.astimezone(utc),
        )
    await store.step_waits(conn, step.id, "not at this hour")
    return Outcome(leaving.id, "dropped", reason="not at this hour", attempts=leaving.attempts)


async def _services(conn: AsyncConnection, house: House, step: Row[Any]) -> list[int]:
    """The services that the overdue debt is about, where its bills name any: postpaid ones only, what is prepaid is paid."""
    mine = (
        (service.c.account_id == step.account_id)
        & (service.c.payment_mode == "postpaid")
        & (service.c.state == "active")
    )
    owed = (
        select(invoice_line.c.service_id)
        .join(open_item, open_item.c.invoice_id == invoice_line.c.invoice_id)
        .where(
            open_item.c.account_id == step.account_id, open_item.c.due_on < house.today(),
            open_item.c.open_minor > open_item.c.disputed_minor,
        )
    )  # fmt: skip
    every = list((await conn.execute(select(service.c.id).where(mine).order_by(service.c.id))).scalars())
    named = set((await conn.execute(owed)).scalars())
    return [one for one in every if one in named] if named else every
