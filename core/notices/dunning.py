"""The words of the ladder: what is overdue, what happens next and when, and how to pay or ask for time.

Like every notice it is composed when it leaves, from how things stand then: paid, contested, arranged or protected meanwhile, it is not
sent; while a payment is under way it waits. Never a cent that is disputed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.billing.tables import invoice
from core.collections.ladder import Rules, plan, untrue
from core.collections.model import OverduePosition
from core.collections.tables import ladder_step
from core.context import Context
from core.db.in_list import in_list
from core.journeys.dunning import fees, load
from core.ledger.tables import open_item
from core.notices.recipients import Recipient
from core.notices.words import NotDue, NoticeWords, Untrue
from core.outbox.queue import OutboxRow
from core.parties.tables import account
from core.reasons import said
from core.text import days


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A step and how its account stands as its notice leaves."""

    step: Row[Any]
    currency: str
    token: str | None
    """Of the oldest bill that is overdue and not disputed."""
    standing: OverduePosition
    rules: Rules


async def steps(conn: AsyncConnection, context: Context, ids: Collection[int]) -> Mapping[int, StepFacts]:
    """Steps of the ladder by id."""
    today = context.today()
    query = select(ladder_step, account.c.currency, account.c.segment)
    query = query.join(account, account.c.id == ladder_step.c.account_id).where(in_list(conn, ladder_step.c.id, ids))
    rows = (await conn.execute(query)).all()
    accounts = sorted({row.account_id for row in rows})
    standing = {one.account_id: one for one in await load.standings(conn, context, today, accounts)}
    tokens = await _tokens(conn, today, accounts)
    rules = {segment: load.rules_of(context, segment) for segment in {row.segment for row in rows}}
    return {
        row.id: StepFacts(row, row.currency, tokens.get(row.account_id), standing[row.account_id], rules[row.segment])
        for row in rows
    }


async def _tokens(conn: AsyncConnection, today: date, account_ids: Collection[int]) -> dict[int, str]:
    query = (
        select(open_item.c.account_id, invoice.c.token)
        .join(invoice, invoice.c.id == open_item.c.invoice_id)
        .where(
            in_list(conn, open_item.c.account_id, account_ids),
            open_item.c.due_on < today,
            open_item.c.open_minor > open_item.c.disputed_minor,
        )
        .order_by(open_item.c.due_on.desc(), open_item.c.invoice_id.desc())
    )
    return {row.account_id: row.token for row in await conn.execute(query)}


def write(context: Context, row: OutboxRow, reader: Recipient, facts: StepFacts) -> NoticeWords | Untrue | NotDue:
    """What a step says."""
    standing, on = facts.standing, context.today()
    episode = standing.episode
    if episode is None or (episode.id, episode.round) != (facts.step.episode_id, facts.step.round):
        return Untrue("it was about another debt")
    why = untrue(standing, facts.rules, facts.step.step, on)
    if why is not None:
        return Untrue(said(why, "en", context.currency))
    if standing.pending:
        return NotDue("a payment is under way")
    return NoticeWords(*_says(context, row, reader, facts), can_wait=True)


def _says(context: Context, row: OutboxRow, reader: Recipient, facts: StepFacts) -> tuple[str, dict[str, object]]:
    says: dict[str, object] = {
        "operator": context.operator.short_name,
        "ussd": context.operator.ussd_code,
        "amount": money.show(facts.standing.payable_minor, facts.currency, reader.language),
        "date": days.spoken(reader.language, facts.standing.oldest_due or context.today()),
        "link": f"{context.site.public_url}/b/{facts.token}",
    }
    if facts.step.step == "formal":
        says["date"] = days.spoken(reader.language, limited_from(facts, context.today()))
    fee = {"formal": fees.reconnection_minor, "overdue": fees.late_minor}.get(facts.step.step, _none)(context)
    if not fee:
        return row.template, says
    return f"{row.template}_fee", says | {"fee": money.show(fee, facts.currency, reader.language)}


def _none(_house: Context) -> int:
    """A step that comes before no fee."""
    return 0


def limited_from(facts: StepFacts, today: date) -> date:
    """The first day on which the restriction that the formal notice announces may happen, told today."""
    step, episode = facts.rules.following("formal"), facts.standing.episode
    if step is None or episode is None:
        return today + timedelta(days=1)
    return plan(facts.standing, episode, step, facts.rules)[0]
