"""The limit is used up and the operator restricts lines: looked at once more when it would happen, and any doubt leaves the line alone.

Not before the word reached them and the law's working days are over, at a permitted hour, never while a payment is under way, an
arrangement runs or something protects them. Only postpaid lines: what is prepaid is paid.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import start_of
from core.collections.calendar import bar_hours
from core.collections.exposures import note
from core.collections.ladder import Rules
from core.collections.limits import Exposure
from core.context import App, Context
from core.journeys.credit_limit import exposure as exposures
from core.journeys.dunning import load
from core.journeys.dunning.lift_restriction import limit_level
from core.outbox import queue
from core.outbox.queue import OutboxRow, Outcome
from core.outbox.queue import outbox as letters
from core.parties.tables import service
from core.payments.store import hold_account
from core.provisioning.desired import want

SOON = timedelta(minutes=10)
LATER = "not at this hour"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a line is left alone, and until when; None: for today."""

    why: str
    until: datetime | None = None


async def bar(app: App, leaving: OutboxRow) -> Outcome:
    """What the dispatcher does with outbox rows of kind `limit_bar`: their subject is the account."""
    account_id, level = leaving.subject_id or 0, limit_level(app)
    async with app.db.writing() as conn:
        await hold_account(conn, account_id)
        now = (await exposures.fresh(conn, app, [account_id])).get(account_id)
        if now is None or level is None or now.barred or not now.reached or now.round != leaving.params["round"]:
            return Outcome(leaving.id, "dropped", reason="it is so no more", attempts=leaving.attempts)
        [standing] = await load.standings(conn, app, app.today(), [account_id])
        rules = load.rules_of(app, standing.segment)
        doubt = await _doubt(conn, app, now, rules, pending=standing.pending)
        if doubt is not None:
            await note(conn, account_id, why=doubt.why)
            state = "waiting" if doubt.until else "dropped"
            return Outcome(leaving.id, state, reason=doubt.why, attempts=leaving.attempts, not_before=doubt.until)
        lines = await _lines(conn, account_id)
        wishes = dict.fromkeys(lines, level)
        await want(conn, app, wishes, why="credit limit", kbps=rules.ladder.soft_kbps, softer=False)
        await note(conn, account_id, barred=True, why=None)
        await queue.enqueue(
            conn,
            app,
            key=f"limit_barred:{account_id}:{app.clock.now().isoformat()}",
            kind="notice",
            template="notice.limit_barred",
            account_id=account_id,
            subject_id=account_id,
            params={"round": now.round},
            resend_unknown=True,
        )
        return Outcome(leaving.id, "sent", reason=f"{len(lines)} services", attempts=leaving.attempts)


async def _doubt(
    conn: AsyncConnection, context: Context, now: Exposure, rules: Rules, *, pending: bool
) -> Doubt | None:
    """What speaks against it at this moment: first what holds for the day, then the hour, then what may pass within it."""
    shields = await exposures.shielded(conn, context, [now.account_id])
    if now.account_id in shields:
        return Doubt(shields[now.account_id])
    told = await _told_on(conn, context, now, rules.ladder.proof)
    if told is not None and context.today() < restricts_from(context, rules, told):
        return Doubt(f"told on {told}, limited from {restricts_from(context, rules, told)}")
    hours = bar_hours(rules.calendar, rules.ladder, context.today())
    if hours is None:
        return Doubt(LATER)
    opens, shuts = (datetime.combine(context.today(), at, tzinfo=context.zone) for at in hours)
    instant, utc = context.clock.now(), start_of(context.today(), context.zone).tzinfo
    if instant >= shuts:
        return Doubt(LATER)
    if instant < opens:
        return Doubt(LATER, opens.astimezone(utc))
    if pending:
        return Doubt("a payment is under way", instant + SOON)
    return (
        None if told is not None else Doubt("the word that the limit is reached has not reached them", instant + SOON)
    )


def restricts_from(context: Context, rules: Rules, told: date) -> date:
    """The first day on which lines of who was told on a day may be restricted."""
    days = context.operator.collections.credit_limit.notice_working_days
    days = rules.ladder.notice_working_days if days is None else days
    return rules.calendar.on_or_after(rules.calendar.after(told, days))


async def _told_on(conn: AsyncConnection, context: Context, now: Exposure, proof: str) -> date | None:
    query = select(letters.c.state, letters.c.settled_at).where(letters.c.key == now.key)
    row = (await conn.execute(query)).first()
    enough = ("delivered",) if proof == "delivered" else ("delivered", "sent")
    if row is None or row.state not in enough or row.settled_at is None:
        return None
    text: date = row.settled_at.astimezone(context.zone).date()
    return text


async def _lines(conn: AsyncConnection, account_id: int) -> list[int]:
    query = select(service.c.id).where(
        service.c.account_id == account_id, service.c.payment_mode == "postpaid", service.c.state == "active"
    )
    return list((await conn.execute(query.order_by(service.c.id))).scalars())
