"""A restriction is due: it is looked at once more at the moment it would happen, and any doubt leaves the service alone.

The same rule decides as on the day it was put down, with the facts of this moment and the accounts held, hundreds at a time: a payment that comes first is
seen, one that comes after lifts the restriction in its own transaction. What it does to the network leaves by the outbox in turn.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.billing.tables import invoice_line
from core.clock import start_of
from core.collections import store
from core.collections.calendar import bar_hours, may_bar_at
from core.collections.ladder import Rules, after, decide
from core.collections.model import LadderDecision, OverduePosition
from core.collections.tables import ladder_step
from core.config.collections import LEVEL
from core.context import App, Context
from core.db.engine import SPARE_IDS
from core.db.in_list import in_list
from core.journeys.dunning import load
from core.ledger.tables import open_item
from core.outbox import queue
from core.outbox.queue import OutboxDraft, OutboxRow, Outcome
from core.parties.tables import service
from core.payments.store import hold_accounts
from core.provisioning.desired import IDS, want

_HAPPENED = "it has happened already"
_NO_HOUR = "not at this hour"


async def bar(app: App, leaving: Sequence[OutboxRow]) -> list[Outcome]:
    """What the dispatcher does with outbox rows of kind `bar`, many in one transaction: their subjects are steps of the ladder."""
    await _reserve(app, leaving)
    async with app.db.writing() as conn:
        found = select(ladder_step).where(in_list(conn, ladder_step.c.id, [row.subject_id or 0 for row in leaving]))
        steps = {step.id: step for step in await conn.execute(found)}
        await hold_accounts(conn, sorted({step.account_id for step in steps.values()}))
        steps = {step.id: step for step in await conn.execute(found)}
        return await _look(conn, app, leaving, steps)


async def _reserve(app: App, leaving: Sequence[OutboxRow]) -> None:
    """Ids for every service that may be restricted, and for the word to each account."""
    async with app.db.reading() as conn:
        accounts = [row.account_id or 0 for row in leaving]
        query = select(func.count()).select_from(service).where(in_list(conn, service.c.account_id, accounts))
        services = int((await conn.execute(query)).scalar_one())
    await app.db.reserve_ids(services * IDS + len(leaving) + SPARE_IDS)


async def _look(
    conn: AsyncConnection, context: Context, leaving: Sequence[OutboxRow], steps: Mapping[int, Row[Any]]
) -> list[Outcome]:
    today = context.today()
    accounts = sorted({step.account_id for step in steps.values()})
    standings = {one.account_id: one for one in await load.standings(conn, context, today, accounts)}
    rules_of = {one: load.rules_of(context, one) for one in {standing.segment for standing in standings.values()}}
    ready: dict[int, _Ready] = {}
    doubts: list[tuple[int, str]] = []
    outcomes: list[Outcome] = []
    for row in leaving:
        step = steps[row.subject_id or 0]
        standing = standings[step.account_id]
        rules = rules_of[standing.segment]
        doubt = _HAPPENED if step.id in ready else why_not(standing, rules, step, decide(standing, rules, today))
        later = None if doubt else _another_hour(context, row, rules)
        if doubt is None and later is None:
            ready[step.id] = _Ready(step, standing, rules)
        elif later is None or later.state == "dropped":
            doubts.append((step.id, doubt or _NO_HOUR))
        outcomes.append(later or Outcome(row.id, "dropped" if doubt else "sent", reason=doubt, attempts=row.attempts))
    await store.steps_wait(conn, [one for one in doubts if one[0] not in ready])
    await _carry_out(conn, context, list(ready.values()), today)
    return outcomes


@dataclass(frozen=True, slots=True)
class _Ready:
    """A restriction that nothing speaks against."""

    step: Row[Any]
    standing: OverduePosition
    rules: Rules


async def _carry_out(conn: AsyncConnection, context: Context, ready: Sequence[_Ready], today: date) -> None:
    """Want it, write it down, and say so."""
    if not ready:
        return
    services = await _services(conn, context, [one.step.account_id for one in ready])
    for name, kbps in dict.fromkeys((one.step.step, one.rules.ladder.soft_kbps) for one in ready):
        alike = [one for one in ready if (one.step.step, one.rules.ladder.soft_kbps) == (name, kbps)]
        wanted = [service_id for one in alike for service_id in services.get(one.step.account_id, ())]
        await want(conn, context, dict.fromkeys(wanted, LEVEL[name]), why=name, kbps=kbps, softer=False)
    await store.steps_done(conn, [one.step.id for one in ready], today)
    moved = [after(one.standing, LadderDecision("step", today, one.step.step), one.rules).episode for one in ready]
    await store.move(conn, [one for one in moved if one is not None])
    letters = [
        OutboxDraft(
            f"ladder:{one.step.id}",
            "notice",
            f"notice.{one.step.step}",
            account_id=one.step.account_id,
            subject_id=one.step.id,
            resend_unknown=True,
        )
        for one in ready
    ]
    await queue.enqueue_many(conn, context, letters)


def why_not(standing: OverduePosition, rules: Rules, step: Row[Any], decision: LadderDecision) -> str | None:
    """The doubt that leaves the service alone; None: there is none. Pure."""
    if standing.episode is None or (standing.episode.id, standing.episode.round) != (step.episode_id, step.round):
        return "it was about another debt"
    if step.state != "waiting":
        return _HAPPENED
    if decision.kind != "step" or decision.step != step.step:
        return decision.reason or decision.kind
    return None


def _another_hour(context: Context, leaving: OutboxRow, rules: Rules) -> Outcome | None:
    """Too early today: it waits for its hour. Too late: the next working day's run puts it down again. None: it is time."""
    now = context.clock.now()
    if may_bar_at(rules.calendar, rules.ladder, now, context.zone):
        return None
    hours = bar_hours(rules.calendar, rules.ladder, context.today())
    opens = None if hours is None else datetime.combine(context.today(), hours[0], tzinfo=context.zone)
    if opens is None or now >= opens:
        return Outcome(leaving.id, "dropped", reason=_NO_HOUR, attempts=leaving.attempts)
    utc = start_of(context.today(), context.zone).tzinfo
    return Outcome(leaving.id, "waiting", reason=_NO_HOUR, attempts=leaving.attempts, not_before=opens.astimezone(utc))


async def _services(conn: AsyncConnection, context: Context, account_ids: Sequence[int]) -> dict[int, list[int]]:
    """The services that each account's overdue debt is about, where its bills name any: postpaid ones only, what is prepaid is paid."""
    mine = select(service.c.account_id, service.c.id).where(
        in_list(conn, service.c.account_id, account_ids),
        service.c.payment_mode == "postpaid",
        service.c.state == "active",
    )
    owed = (
        select(open_item.c.account_id, invoice_line.c.service_id)
        .join(open_item, open_item.c.invoice_id == invoice_line.c.invoice_id)
        .where(
            in_list(conn, open_item.c.account_id, account_ids),
            open_item.c.due_on < context.today(),
            open_item.c.open_minor > open_item.c.disputed_minor,
        )
    )
    named = {(row[0], row[1]) for row in await conn.execute(owed)}
    every: dict[int, list[int]] = defaultdict(list)
    for row in await conn.execute(mine.order_by(service.c.id)):
        every[row.account_id].append(row.id)
    return {
        account_id: [one for one in services if (account_id, one) in named] or services
        for account_id, services in every.items()
    }
