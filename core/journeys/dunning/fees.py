"""A fee for being late, or for being connected again: by the operator's policy, under the law's cap, said before it bites.

A late fee leaves by the outbox when the firm reminder is due and is looked at once more when it would be charged: paid, contested, arranged
or protected meanwhile, there is none. A reconnection fee follows only money that lifted a restriction which the network had carried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core import money
from core.billing.documents import fee_note
from core.collections.ladder import untrue
from core.collections.tables import ladder_step
from core.config.collections import Fees
from core.context import App, Context
from core.journeys.dunning import load
from core.outbox.queue import OutboxRow, Outcome
from core.payments import allocate
from core.payments.store import hold_account
from core.provisioning.tables import barring
from core.reasons import reason, said

LATE_STEP = "firm"
SOON = timedelta(minutes=10)


def fees(context: Context) -> Fees:
    """The operator's fees under its country's cap."""
    return context.operator.collections.fees_of(context.operator.country)


def late_minor(context: Context) -> int:
    """The late fee; 0: none."""
    return money.parse(fees(context).late, context.currency)


def reconnection_minor(context: Context) -> int:
    """The reconnection fee, at most what the law allows; 0: none."""
    question = money.parse(fees(context).reconnection, context.currency)
    cap = fees(context).reconnection_cap
    return question if cap is None else min(question, money.parse(cap, context.currency))


async def late(app: App, leaving: OutboxRow) -> Outcome:
    """What the dispatcher does with outbox rows of kind `late_fee`: their subject is the step of the ladder."""
    async with app.db.writing() as conn:
        step = (await conn.execute(select(ladder_step).where(ladder_step.c.id == leaving.subject_id))).one()
        await hold_account(conn, step.account_id)
        [standing] = await load.standings(conn, app, app.today(), [step.account_id])
        episode = standing.episode
        why = untrue(standing, load.rules_of(app, standing.segment), step.step, app.today())
        if episode is None or (episode.id, episode.round) != (step.episode_id, step.round):
            why = "it was about another debt"
        if why is not None or standing.protections:
            return Outcome(
                leaving.id,
                "dropped",
                reason=said(why or reason("protected", kinds=sorted(standing.protections)), "en", app.currency),
                attempts=leaving.attempts,
            )
        if standing.pending:
            again = app.clock.now() + SOON
            return Outcome(
                leaving.id, "waiting", reason="a payment is under way", attempts=leaving.attempts, not_before=again
            )
        key = f"late:{step.episode_id}"
        await _charge(conn, app, step.account_id, "late_fee", late_minor(app), key)
    return Outcome(leaving.id, "sent", attempts=leaving.attempts)


async def reconnected(conn: AsyncConnection, context: Context, account_id: int, services: Sequence[int]) -> None:
    """Money lifts the restriction of these services: one fee, if the network had really restricted one of them."""
    minor = reconnection_minor(context)
    query = select(barring.c.service_id, barring.c.generation).where(
        barring.c.service_id.in_(services), barring.c.actual.in_(("soft", "hard"))
    )
    done = (await conn.execute(query.order_by(barring.c.service_id))).first()
    if minor and done is not None:
        key = f"reconnection:{done.service_id}:{done.generation}"
        await _charge(conn, context, account_id, "reconnection_fee", minor, key)


@dataclass(frozen=True, slots=True)
class _Note:
    """A fee note, as credit pays it."""

    invoice_id: int
    account_id: int


async def _charge(conn: AsyncConnection, context: Context, account_id: int, code: str, minor: int, key: str) -> None:
    """Issue the note, once, and let credit pay what it can."""
    invoice_id = await fee_note.issue(conn, context, account_id=account_id, code=code, minor=minor, key=key)
    if invoice_id is not None:
        await allocate.apply_credit(conn, context, [_Note(invoice_id, account_id)])
