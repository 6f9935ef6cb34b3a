"""A refund leaves: what the dispatcher does with outbox rows of kind `refund`. Written down as `sent` before the provider is called.

Whoever finds it `sent` after a crash does not know whether the provider heard: it is asked about, and never sent twice.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.context import App, Context
from core.db import failpoints
from core.facts import NONE, Facts
from core.outbox.queue import OutboxRow, Outcome
from core.payments import health, outcome, poll, queries, store
from core.payments.model import LOOKS, Attempt
from core.payments.providers import callback_url
from core.payments.providers.contract import Begun, Declined, Queried, Started, StartRequest, Unanswered, Unreached
from core.payments.tables import receipt, refund


async def send(app: App, leaving: OutboxRow) -> Outcome:
    """Ask the provider to give the money back."""
    if leaving.subject_id is None:
        raise ValueError("a refund leaves with the id of its attempt")
    async with app.db.writing() as conn:
        tried = await poll.held(conn, leaving.subject_id)
        if tried.state == "sent":
            why = Unanswered("we stopped between writing it down and the answer")
            await outcome.unsure(conn, app, tried, why)
            return Outcome(leaving.id, "unknown", attempts=leaving.attempts)
        if tried.state != "created":
            return Outcome(leaving.id, "dropped", reason=tried.state, attempts=leaving.attempts)
        wanted = await _wanted(conn, app, tried)
        await store.change_attempt(conn, tried.id, state="sent", poll_at=app.clock.now() + LOOKS[0])
    failpoints.point("payments.refund_written")
    said = await health.start(app, tried.provider, wanted)
    failpoints.point("payments.refund_sent")
    async with app.db.writing() as conn:
        state, reason, facts = await _apply(conn, app, await poll.held(conn, tried.id), said)
        await app.happened(conn, facts)
    return Outcome(leaving.id, state, reason=reason, attempts=leaving.attempts)


async def _wanted(conn: AsyncConnection, app: App, tried: Attempt) -> StartRequest:
    query = (
        select(receipt.c.provider_txn)
        .join_from(refund, receipt, refund.c.receipt_id == receipt.c.id)
        .where(refund.c.attempt_id == tried.id)
    )
    facts = await queries.account_facts(conn, tried.account_id)
    return StartRequest(
        method="refund",
        key=tried.key,
        attempt_id=tried.id,
        amount_minor=tried.amount_minor,
        currency=tried.currency,
        reference=facts.number if facts else "",
        description=app.operator.short_name,
        callback_url=callback_url(app, tried.provider),
        txn=(await conn.execute(query)).scalar_one(),
    )


async def _apply(
    conn: AsyncConnection, context: Context, tried: Attempt, said: Started
) -> tuple[str, str | None, Facts]:
    """What the answer does to the attempt (its callback may have been faster), and to the outbox row."""
    match said:
        case Begun():
            return (
                "sent",
                None,
                await outcome.settle(conn, context, tried, Queried("awaiting_customer", said.provider_ref)),
            )
        case Declined():
            return (
                "failed",
                said.reason,
                await outcome.settle(conn, context, tried, Queried("failed", reason=said.reason)),
            )
        case Unreached():
            await store.change_attempt(conn, tried.id, state="created", reason=said.why)
            return "waiting", said.why, NONE
        case Unanswered():
            await outcome.unsure(conn, context, tried, said)
            return "unknown", said.why, NONE
